//! The pause after a refresh that failed.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::Instant;

use super::super::entry::SessionEntry;
use super::super::outcomes::{MAX_RETRY_AFTER, RefreshResult};
use super::super::state::State;
use crate::end_reason::EndReason;
use crate::error::{CredentialVerdict, Error, ErrorKind};
use crate::pipeline::{CredentialGeneration, Deadline};
use crate::random;

/// How long no early refresh is tried after one that failed.
const EARLY_REFRESH_PAUSE: Duration = Duration::from_secs(15);

/// The backoff doubles with each failure, up to the maximum.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// How long no refresh is tried after a refusal that does not end the session.
const COOL_DOWN: Duration = Duration::from_secs(30);

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

    /// How long no refresh is tried because the server has refused one.
    pub(in super::super) fn cool_down(&self, state: &State) -> Option<Duration> {
        let until = state.refresh_state().no_refresh_before?;
        let wait = (until - self.context.time.local_now()).to_std().ok()?;
        // A longer wait means that the clock was set back.
        (!wait.is_zero() && wait <= COOL_DOWN).then_some(wait)
    }

    /// Counts a refusal that does not end the session by itself; tells whether it does by now.
    pub(super) fn count_refusal(&self, verdict: CredentialVerdict) -> Option<EndReason> {
        let now = self.context.time.local_now();
        let mut state = self.lock();
        state.update_refresh(|it| {
            it.no_refresh_before =
                now.checked_add_signed(TimeDelta::seconds(COOL_DOWN.as_secs().cast_signed()));
            match verdict {
                CredentialVerdict::Ended => Some(EndReason::RefreshRefused),
                CredentialVerdict::EndedIfRepeated(seconds) => {
                    let first = *it.refused_at.get_or_insert(now);
                    let apart = (now - first).num_seconds();
                    let is_repeated = first != now && apart >= seconds.cast_signed();
                    is_repeated.then_some(EndReason::RefreshRefused)
                }
                CredentialVerdict::Unknown => {
                    let is_over = it.refused_refreshes.count(now, &self.context.settings);
                    is_over.then_some(EndReason::RepeatedlyRejected)
                }
            }
        })
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
