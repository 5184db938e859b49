//! Unfinished sign-ins, resumed by their ids.

use super::client::Client;
use super::mfa::{MfaRequired, SecondFactor};
use super::pending_code::{CodeRequest, PendingCode};
use crate::challenge::StoredChallenge;
use crate::error::Error;
use crate::secret::Secret;

/// A resumed sign-in, at the step that it waits for.
#[derive(Debug)]
#[must_use = "the user is not signed in until the challenge is completed"]
#[non_exhaustive]
pub enum Challenge {
    /// A code was sent to the phone or mailbox of the user.
    PendingCode(PendingCode),
    /// The code was correct, and a second factor is required.
    MfaRequired(MfaRequired),
}

impl Client {
    /// Resumes an unfinished sign-in by its id, on any instance that shares the store; sends
    /// nothing. [`challenge`](crate::challenge) explains how an id is bound to its user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if there is no such challenge: it
    /// is finished, has expired, never existed, or belongs to another tenant.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails.
    pub async fn resume_challenge(&self, id: &Secret) -> Result<Challenge, Error> {
        let stored = StoredChallenge::load(self.context(), id).await?;
        if stored.is_at::<SecondFactor>() {
            let active = stored.resume().await?;
            let mfa = MfaRequired::resumed(self.clone(), active);
            return Ok(Challenge::MfaRequired(mfa));
        }
        let active = stored.resume::<CodeRequest>().await?;
        let pending = PendingCode::resumed(self.clone(), active);
        Ok(Challenge::PendingCode(pending))
    }
}
