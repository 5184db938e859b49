//! The pause after a refresh that failed.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::Instant;

use super::super::entry::SessionEntry;
use super::super::state::RefreshResult;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{CredentialGeneration, Deadline};
use crate::random;

/// How long no early refresh is tried after one that failed.
const EARLY_REFRESH_PAUSE: Duration = Duration::from_secs(15);

/// The backoff doubles with each failure, up to the maximum.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Upper bound for the wait that a server asks for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

impl SessionEntry {
    /// Waits for the backoff of the last failure. Returns a result if another instance has stored a
    /// newer credential meanwhile.
    pub(super) async fn wait_for_backoff(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> Result<Option<RefreshResult>, Error> {
        let until = self.lock().refresh_state().backoff_until;
        let wait = until.map(|until| until.saturating_duration_since(Instant::now()));
        let Some(wait) = wait.filter(|wait| !wait.is_zero()) else {
            return Ok(None);
        };
        if let Ok(found) = self.reload().await
            && self.is_superseded(found, generation)
        {
            return Ok(Some(found.into()));
        }
        if !deadline.leaves_room_for(wait) {
            let message = "the last refresh has just failed";
            return Err(Error::new(ErrorKind::Unavailable, message).with_retry_after(Some(wait)));
        }
        self.context.time.sleep(wait).await;
        Ok(None)
    }

    /// Sets or resets the backoff after a refresh.
    pub(super) fn update_backoff(&self, result: &RefreshResult) {
        let mut state = self.lock();
        let RefreshResult::Failed { retry_after, .. } = result else {
            state.update_refresh(|refresh_state| {
                refresh_state.failures = 0;
                refresh_state.backoff_until = None;
            });
            return;
        };
        let failures = state.refresh_state().failures;
        let doublings = failures.min(16);
        let backoff = FIRST_BACKOFF
            .saturating_mul(1 << doublings)
            .min(MAX_BACKOFF);
        let backoff = backoff.mul_f64(0.5 + random::fraction() / 2.0);
        let floor = retry_after.unwrap_or_default();
        let pause = backoff.max(floor).min(MAX_RETRY_AFTER);
        let early_pause = TimeDelta::from_std(floor.clamp(EARLY_REFRESH_PAUSE, MAX_RETRY_AFTER));
        let early = early_pause
            .ok()
            .and_then(|pause| self.context.time.now().checked_add_signed(pause));
        state.update_refresh(|refresh_state| {
            refresh_state.failures = failures.saturating_add(1);
            refresh_state.backoff_until = Instant::now().checked_add(pause);
            refresh_state.no_early_refresh_before = early;
        });
    }
}
