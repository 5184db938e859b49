//! Resuming an unfinished sign-in by its id.

use super::client::Client;
use super::complete_profile::{CompleteProfile, NewUser};
use super::password_code::{PasswordReset, PasswordToken, PendingResetCode};
use super::pending_code::PendingCode;
use super::sent_code::{Purpose, SentCode};
use super::sign_in::PendingCodes;
use super::unconfirmed_codes::{UnconfirmedCodes, of_a_session};
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
    PendingCodes(PendingCodes),
    /// A code was sent to a user who forgot the password.
    PendingResetCode(PendingResetCode),
    /// That code was correct, and a new password must be set.
    PasswordReset(PasswordReset),
}

impl Client {
    /// Resumes an unfinished sign-in by its id, on any instance that shares the store; sends
    /// nothing. [`challenge`](crate::challenge) describes how to bind an id to its user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if there is no such challenge: it
    /// is finished, has expired, never existed, or belongs to another application.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails.
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) for the deletion of an account and for
    /// codes of a user who is signed in: [`Session::resume_deletion`](super::Session::resume_deletion) and
    /// [`Session::resume_codes`](super::Session::resume_codes) resume them.
    pub async fn resume_challenge(&self, id: &Secret) -> Result<Challenge, Error> {
        let found = StoredChallenge::load(self.context(), id).await?;
        if found.is_at::<NewUser>() {
            let challenge = found.resume().await?;
            let profile = CompleteProfile::resumed(self.clone(), challenge);
            return Ok(Challenge::CompleteProfile(profile));
        }
        let client = self.clone();
        if found.is_at::<UnconfirmedCodes>() {
            let challenge = found.resume::<UnconfirmedCodes>().await?;
            if challenge.step.owner.is_some() {
                return Err(of_a_session());
            }
            let codes = PendingCodes::resumed(client, None, challenge);
            return Ok(Challenge::PendingCodes(codes));
        }
        if found.is_at::<PasswordToken>() {
            let password = PasswordReset::resumed(client, found.resume().await?);
            return Ok(Challenge::PasswordReset(password));
        }
        let challenge = found.resume::<SentCode>().await?;
        match &challenge.step.purpose {
            Purpose::SignIn => Ok(Challenge::PendingCode(PendingCode::resumed(
                client, challenge,
            ))),
            Purpose::PasswordReset => Ok(Challenge::PendingResetCode(PendingResetCode::resumed(
                client, challenge,
            ))),
            Purpose::Deletion(_) => {
                let message = "the challenge is a deletion: resume it by the session of its user";
                Err(Error::new(ErrorKind::StepRequired, message).of(System::Fynd))
            }
        }
    }
}
