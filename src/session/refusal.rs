//! What the server's refusal to renew a credential means.

use http::StatusCode;

use super::core::Core;
use super::joining::Exchanged;
use super::material::Renewal;
use super::record::{Found, Written};
use super::store::Fence;
use crate::error::{Error, ErrorKind};
use crate::pipeline::Stamp;

pub(super) const REFUSED: &str = "the server refused to renew it";

impl Core {
    /// The credential with this stamp was refused, unless the record has moved on since.
    pub(super) async fn refused(
        &self,
        stamp: Stamp,
        was_presented: bool,
        fence: Fence,
    ) -> Result<Exchanged, Error> {
        {
            let mut state = self.lock();
            // Known here even if the store fails now, so that it is not presented again.
            state.refused |= state.stamp == stamp;
        }
        let found = self.look_again().await?;
        if found == Found::Gone || self.lock().stamp != stamp {
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
    pub(super) async fn settle_refusal(
        &self,
        why: &'static str,
        fence: Fence,
    ) -> Result<Exchanged, Error> {
        let refusal = Renewal {
            presented: None,
            refused: true,
        };
        let (still_good, is_known, material) = {
            let state = self.lock();
            let still_good = !state.rejected && !self.is_stale(&state);
            let is_known = state.passing().renewal.refused;
            (still_good, is_known, state.material.clone())
        };
        let written = match (still_good, is_known) {
            (true, true) => Written::Done,
            (true, false) => self.write(&material, &refusal, Some(fence)).await?,
            (false, _) => self.remove(Some(fence)).await?,
        };
        if written != Written::Done {
            return Err(self.lost_lease());
        }
        if still_good {
            self.lock().change(|passing| passing.renewal = refusal);
        } else {
            self.mark_ended(why);
        }
        Ok(Exchanged::Ended(why))
    }
}

/// Whether the server said in its own words that the credential is not good any more. A gateway's
/// page says nothing about it.
pub(super) fn ends_session(error: &Error) -> bool {
    let final_status = matches!(
        error.status(),
        Some(StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    );
    match error.kind() {
        ErrorKind::SignInAgain => true,
        ErrorKind::Refused => final_status && error.is_in_the_systems_words(),
        _ => false,
    }
}
