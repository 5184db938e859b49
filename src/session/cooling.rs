//! The pause between exchanges that fail.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::Instant;

use super::core::Core;
use super::joining::Exchanged;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{Deadline, Stamp};
use crate::random;

/// After an early renewal that failed, the token that is still good is left alone for this long.
const EARLY_PAUSE: Duration = Duration::from_secs(15);

/// The backoff between exchanges that fail: it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// No server is believed that asks for a longer wait.
const LONGEST_COOLING: Duration = Duration::from_secs(24 * 3600);

impl Core {
    /// Waits until the backoff of the last failure is over, unless another instance was luckier.
    pub(super) async fn cool_down(
        &self,
        stamp: Stamp,
        deadline: Deadline,
    ) -> Result<Option<Exchanged>, Error> {
        let until = self.lock().passing().cool_until;
        let wait = until.map(|until| until.saturating_duration_since(Instant::now()));
        let Some(wait) = wait.filter(|wait| !wait.is_zero()) else {
            return Ok(None);
        };
        if let Ok(found) = self.look_again().await
            && self.is_served(found, stamp)
        {
            return Ok(Some(self.overtaken(found)));
        }
        if !deadline.leaves_room_for(wait) {
            let message = "the last renewal has just failed";
            return Err(Error::new(ErrorKind::TryLater, message).with_retry_after(Some(wait)));
        }
        self.host.time.sleep(wait).await;
        Ok(None)
    }

    /// Learns from an outcome when the next exchange may begin.
    pub(super) fn note(&self, outcome: &Exchanged) {
        let mut state = self.lock();
        let Exchanged::Failed { retry_after, .. } = outcome else {
            state.change(|passing| {
                passing.failures = 0;
                passing.cool_until = None;
            });
            return;
        };
        let failures = state.passing().failures;
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
            .and_then(|pause| self.host.time.now().checked_add_signed(pause));
        state.change(|passing| {
            passing.failures = failures.saturating_add(1);
            passing.cool_until = Instant::now().checked_add(pause);
            passing.not_early_before = early;
        });
    }
}
