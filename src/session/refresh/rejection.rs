//! What the server's refusal to renew a credential means.

use http::StatusCode;

use super::super::credential::Renewal;
use super::super::entry::SessionEntry;
use super::super::record::{ReloadOutcome, WriteOutcome};
use super::single_flight::RefreshResult;
use crate::error::{Error, ErrorKind};
use crate::pipeline::CredentialGeneration;
use crate::store::Fence;

pub(in crate::session) const REFUSED: &str = "the server refused to renew it";

impl SessionEntry {
    /// The credential with this stamp was refused, unless the record has moved on since.
    pub(in crate::session) async fn refused(
        &self,
        generation: CredentialGeneration,
        was_presented: bool,
        fence: Fence,
    ) -> Result<RefreshResult, Error> {
        {
            let mut state = self.lock();
            // Known here even if the store fails now, so that it is not presented again.
            state.refused |= state.generation == generation;
        }
        let found = self.reload().await?;
        if found == ReloadOutcome::Gone || self.lock().generation != generation {
            return Ok(self.overtaken(found));
        }
        let why = if was_presented {
            "an earlier renewal was interrupted, and the server refused another"
        } else {
            REFUSED
        };
        self.settle_refusal(why, fence).await
    }

    /// The server will never renew this credential. One that is still good is used to its end, a
    /// rejected or ended one ends the session. The store decides, under the lease: who has lost it
    /// may have been refused because another instance was quicker.
    pub(in crate::session) async fn settle_refusal(
        &self,
        why: &'static str,
        fence: Fence,
    ) -> Result<RefreshResult, Error> {
        let api_error = Renewal {
            presented: None,
            refused: true,
        };
        let (still_good, is_known, credential) = {
            let state = self.lock();
            let still_good = !state.rejected && !self.is_stale(&state);
            let is_known = state.refresh_state().renewal.refused;
            (still_good, is_known, state.credential.clone())
        };
        let written = match (still_good, is_known) {
            (true, true) => WriteOutcome::Done,
            (true, false) => self.write(&credential, &api_error, Some(fence)).await?,
            (false, _) => self.remove(Some(fence)).await?,
        };
        if written != WriteOutcome::Done {
            return Err(self.lost_lease());
        }
        if still_good {
            self.lock()
                .change(|refresh_state| refresh_state.renewal = api_error);
        } else {
            self.mark_ended(why);
        }
        Ok(RefreshResult::Ended(why))
    }
}

/// Whether the server said in its own words that the credential is not good any more. A gateway's
/// page says nothing about it.
pub(in crate::session) fn ends_session(error: &Error) -> bool {
    let final_status = matches!(
        error.status(),
        Some(StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    );
    match error.kind() {
        ErrorKind::SignInAgain => true,
        ErrorKind::Refused => final_status && error.has_api_error(),
        _ => false,
    }
}
