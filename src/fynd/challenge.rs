//! Unfinished sign-ins, taken up by their id.

use super::client::Client;
use super::password_code::{NewPassword, PasswordCode, PasswordToken};
use super::pending_code::PendingCode;
use super::profile::{CompleteProfile, NewUser};
use super::remaining_codes::RemainingCodes;
use super::sent_code::{Aim, SentCode};
use super::waiting::Codes;
use crate::challenge::StoredChallenge;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;

/// A sign-in that was taken up by its id, at the step that it waits for.
#[derive(Debug)]
#[must_use = "a user with an open challenge is not signed in"]
#[non_exhaustive]
pub enum Challenge {
    /// A code is on its way to the user, to sign in by.
    PendingCode(PendingCode),
    /// A new user's profile is to be completed.
    CompleteProfile(CompleteProfile),
    /// Codes are on their way to a new user.
    RemainingCodes(RemainingCodes),
    /// A code is on its way to a user who forgot the password.
    PasswordCode(PasswordCode),
    /// That code was right, and a new password is to be set.
    NewPassword(NewPassword),
}

impl Client {
    /// Takes up an unfinished sign-in by its id, on any instance that shares the store; sends
    /// nothing. Read in [`challenge`](crate::challenge) how an id is bound to its user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such challenge: it is
    /// finished, has expired, never was, or is of another application.
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) for the deletion of an account:
    /// [`Session::pending_deletion`](super::Session::pending_deletion) takes it up.
    pub async fn challenge(&self, id: &Secret) -> Result<Challenge, Error> {
        let found = StoredChallenge::by_id(&self.context, id).await?;
        if found.is::<NewUser>() {
            let open = found.open().await?;
            let profile = CompleteProfile::resumed(self.clone(), open);
            return Ok(Challenge::CompleteProfile(profile));
        }
        let client = self.clone();
        if found.is::<Codes>() {
            let codes = RemainingCodes::resumed(client, found.open().await?);
            return Ok(Challenge::RemainingCodes(codes));
        }
        if found.is::<PasswordToken>() {
            let password = NewPassword::resumed(client, found.open().await?);
            return Ok(Challenge::NewPassword(password));
        }
        let open = found.open::<SentCode>().await?;
        match &open.step.aim {
            Aim::SignIn => Ok(Challenge::PendingCode(PendingCode::resumed(client, open))),
            Aim::NewPassword => Ok(Challenge::PasswordCode(PasswordCode::resumed(client, open))),
            Aim::Deletion(_) => {
                let message = "a deletion is taken up by the session of its user";
                Err(Error::new(ErrorKind::StepRequired, message).of(System::Fynd))
            }
        }
    }
}
