//! Resuming an unfinished sign-in by its id.

use super::client::Client;
use super::mfa::{MfaRequired, SecondFactor};
use super::pending_code::{CodeRequest, PendingCode};
use crate::challenge::StoredChallenge;
use crate::error::Error;
use crate::secret::Secret;

/// A sign-in that was resumed by its id, at its current step.
#[derive(Debug)]
#[must_use = "a user with an open challenge is not signed in"]
pub enum Challenge {
    /// A code was sent to the user's phone or mailbox.
    PendingCode(PendingCode),
    /// The code was correct, and a second factor is required.
    MfaRequired(MfaRequired),
}

impl Client {
    /// Resumes an unfinished sign-in by its id, on any instance that shares the store; sends
    /// nothing. [`challenge`](crate::challenge) describes how to bind an id to its user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such challenge: it is
    /// finished, has expired, never existed, or belongs to another tenant.
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    pub async fn challenge(&self, id: &Secret) -> Result<Challenge, Error> {
        let found = StoredChallenge::load(&self.context, id).await?;
        if found.is_at::<SecondFactor>() {
            let challenge = found.resume().await?;
            let mfa = MfaRequired::resumed(self.clone(), challenge);
            return Ok(Challenge::MfaRequired(mfa));
        }
        let challenge = found.resume::<CodeRequest>().await?;
        let pending = PendingCode::resumed(self.clone(), challenge);
        Ok(Challenge::PendingCode(pending))
    }
}
