//! Resuming an unfinished sign-in by its id.

use super::client::Client;
use super::password_code::{NewPassword, PasswordCode, PasswordToken};
use super::pending_code::PendingCode;
use super::sent_code::{Purpose, SentCode};
use super::sign_in::{CompleteProfile, NewUser, RemainingCodes};
use super::unconfirmed_codes::UnconfirmedCodes;
use crate::challenge::StoredChallenge;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;

/// A sign-in that was resumed by its id, at its current step.
#[derive(Debug)]
#[must_use = "a user with an open challenge is not signed in"]
#[non_exhaustive]
pub enum Challenge {
    /// A code was sent to the user, to sign in.
    PendingCode(PendingCode),
    /// The profile of a new user must be completed.
    CompleteProfile(CompleteProfile),
    /// Codes were sent to a new user.
    RemainingCodes(RemainingCodes),
    /// A code was sent to a user who forgot the password.
    PasswordCode(PasswordCode),
    /// That code was correct, and a new password must be set.
    NewPassword(NewPassword),
}

impl Client {
    /// Resumes an unfinished sign-in by its id, on any instance that shares the store; sends
    /// nothing. [`challenge`](crate::challenge) describes how to bind an id to its user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such challenge: it
    /// is finished, has expired, never existed, or belongs to another application.
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) for the deletion of an account:
    /// [`Session::pending_deletion`](super::Session::pending_deletion) resumes it.
    pub async fn challenge(&self, id: &Secret) -> Result<Challenge, Error> {
        let found = StoredChallenge::load(&self.context, id).await?;
        if found.is_at::<NewUser>() {
            let challenge = found.resume().await?;
            let profile = CompleteProfile::resumed(self.clone(), challenge);
            return Ok(Challenge::CompleteProfile(profile));
        }
        let client = self.clone();
        if found.is_at::<UnconfirmedCodes>() {
            let codes = RemainingCodes::resumed(client, found.resume().await?);
            return Ok(Challenge::RemainingCodes(codes));
        }
        if found.is_at::<PasswordToken>() {
            let password = NewPassword::resumed(client, found.resume().await?);
            return Ok(Challenge::NewPassword(password));
        }
        let challenge = found.resume::<SentCode>().await?;
        match &challenge.step.purpose {
            Purpose::SignIn => Ok(Challenge::PendingCode(PendingCode::resumed(
                client, challenge,
            ))),
            Purpose::NewPassword => Ok(Challenge::PasswordCode(PasswordCode::resumed(
                client, challenge,
            ))),
            Purpose::Deletion(_) => {
                let message = "the challenge is a deletion: resume it by the session of its user";
                Err(Error::new(ErrorKind::StepRequired, message).of(System::Fynd))
            }
        }
    }
}
