//! The pause between exchanges that fail.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::Instant;

use super::super::entry::SessionEntry;
use super::single_flight::RefreshResult;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{CredentialGeneration, Deadline};
use crate::random;

/// After an early renewal that failed, the token that is still good is left alone for this long.
const EARLY_PAUSE: Duration = Duration::from_secs(15);

/// The backoff between exchanges that fail: it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// No server is believed that asks for a longer wait.
const LONGEST_COOLING: Duration = Duration::from_secs(24 * 3600);

impl SessionEntry {
    /// Waits until the backoff of the last failure is over, unless another instance was luckier.
    pub(in crate::session) async fn cool_down(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> Result<Option<RefreshResult>, Error> {
        let until = self.lock().refresh_state().cool_until;
        let wait = until.map(|until| until.saturating_duration_since(Instant::now()));
        let Some(wait) = wait.filter(|wait| !wait.is_zero()) else {
            return Ok(None);
        };
        if let Ok(found) = self.reload().await
            && self.is_served(found, generation)
        {
            return Ok(Some(self.overtaken(found)));
        }
        if !deadline.leaves_room_for(wait) {
            let message = "the last renewal has just failed";
            return Err(Error::new(ErrorKind::TryLater, message).with_retry_after(Some(wait)));
        }
        self.context.time.sleep(wait).await;
        Ok(None)
    }

    /// Learns from an outcome when the next exchange may begin.
    pub(in crate::session) fn note(&self, outcome: &RefreshResult) {
        let mut state = self.lock();
        let RefreshResult::Failed { retry_after, .. } = outcome else {
            state.change(|refresh_state| {
                refresh_state.failures = 0;
                refresh_state.cool_until = None;
            });
            return;
        };
        let failures = state.refresh_state().failures;
        let doublings = failures.min(16);
        let backoff = FIRST_PAUSE
            .saturating_mul(1 << doublings)
            .min(LONGEST_PAUSE);
        let backoff = backoff.mul_f64(0.5 + random::fraction() / 2.0);
        let floor = retry_after.unwrap_or_default();
        let pause = backoff.max(floor).min(LONGEST_COOLING);
        let early = TimeDelta::from_std(floor.clamp(EARLY_PAUSE, LONGEST_COOLING));
        let early = early
            .ok()
            .and_then(|pause| self.context.time.now().checked_add_signed(pause));
        state.change(|refresh_state| {
            refresh_state.failures = failures.saturating_add(1);
            refresh_state.cool_until = Instant::now().checked_add(pause);
            refresh_state.not_early_before = early;
        });
    }
}
