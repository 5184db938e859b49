//! The lease on a session: only the instance that holds it refreshes the session.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::super::entry::SessionEntry;
use super::super::outcomes::{LeaseOutcome, ReloadOutcome};
use super::super::state::State;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{CredentialGeneration, Deadline};
use crate::random;
use crate::store::Fence;

/// The interval at which a waiting instance looks for the lease or for the result of its holder; it
/// doubles up to the maximum.
const FIRST_POLL: Duration = Duration::from_millis(20);
const MAX_POLL: Duration = Duration::from_secs(4);

/// How often it looks, whatever its deadline.
const MAX_POLLS: u32 = 15;

/// From this interval on, it only tries to acquire the lease, which its holder releases with the
/// result.
const LONG_POLL: Duration = Duration::from_secs(2);

/// How often the record is reloaded for the tokens of an instance that could not save them: for
/// longer than that instance waits between two saves.
const RESULT_POLLS: u32 = 6;
const FIRST_RESULT_POLL: Duration = Duration::from_millis(100);

impl SessionEntry {
    /// Waits until this instance holds the lease, or another holder has replaced the credential of
    /// this generation.
    pub(in crate::session) async fn acquire_lease(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> Result<LeaseOutcome, Error> {
        let context = &*self.context;
        let mut interval = FIRST_POLL;
        // By then the lease of a holder that was killed has ended, unless it was extended meanwhile.
        let unextended_end = Instant::now() + context.lease_time();
        for poll in 0..MAX_POLLS {
            if let Some(reason) = self.ended() {
                return Err(self.ended_error(reason));
            }
            // The first poll does both, then they take turns.
            let is_long = interval >= LONG_POLL;
            if is_long || poll % 2 == 0 {
                let end = Instant::now() + context.lease_time();
                let acquired = context.acquire_lease(&self.key).await;
                if let Some(fence) = acquired.map_err(|error| context.store_error(error))? {
                    self.lock()
                        .update_refresh(|refresh_state| refresh_state.lease_end = Some(end));
                    return Ok(LeaseOutcome::Held(fence));
                }
            }
            if poll == 0 || (!is_long && poll % 2 == 1) {
                let found = self.reload().await?;
                if self.is_superseded(found, generation) {
                    return Ok(LeaseOutcome::Superseded(found));
                }
            }
            // Jitter keeps waiting instances from polling in step.
            let mut wait = interval.mul_f64(0.5 + random::fraction());
            let until_end = unextended_end.saturating_duration_since(Instant::now());
            if !until_end.is_zero() && until_end < wait {
                wait = until_end + FIRST_POLL.mul_f64(random::fraction());
            }
            if !deadline.leaves_room_for(wait) {
                break;
            }
            context.time.sleep(wait).await;
            interval = interval.saturating_mul(2).min(MAX_POLL);
        }
        let message = "another instance was still refreshing the session";
        Err(self
            .error(ErrorKind::Unavailable, message)
            .with_class("lease"))
    }

    /// Waits, without the lease, for another instance to store the result of its refresh.
    pub(super) async fn wait_for_result(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> Result<ReloadOutcome, Error> {
        let mut interval = FIRST_RESULT_POLL;
        let mut found = self.reload().await?;
        for _ in 1..RESULT_POLLS {
            if self.is_superseded(found, generation) {
                break;
            }
            let wait = interval.mul_f64(1.0 + random::fraction() / 2.0);
            if !deadline.leaves_room_for(wait) {
                let message = "another instance may still store the refreshed session";
                return Err(self.error(ErrorKind::Unavailable, message));
            }
            self.context.time.sleep(wait).await;
            interval = interval.saturating_mul(2);
            found = self.reload().await?;
        }
        Ok(found)
    }

    /// Whether callers that wait for a refresh of this generation need none any more. A newer
    /// credential that has already expired does not serve them.
    pub(super) fn is_superseded(
        &self,
        found: ReloadOutcome,
        generation: CredentialGeneration,
    ) -> bool {
        let state = self.lock();
        let is_stale = || state.is_stale(self.context.time.now(), &self.context.time);
        found == ReloadOutcome::Gone || (state.generation != generation && !is_stale())
    }

    /// Runs `work` while the lease with `fence` is extended. The work continues after a lost lease,
    /// because a request that was sent cannot be recalled.
    pub(in crate::session) async fn extend_lease_during<T>(
        &self,
        fence: impl Fn(&State) -> Option<Fence>,
        work: impl Future<Output = T>,
    ) -> T {
        let lease_time = self.context.lease_time();
        let interval = lease_time / 3;
        let extend = async {
            loop {
                tokio::time::sleep(interval).await;
                let Some(fence) = fence(&self.lock()) else {
                    continue;
                };
                let end = Instant::now() + lease_time;
                let extended = self.context.extend_lease(&self.key, fence, interval);
                if extended.await.is_ok() {
                    self.lock()
                        .update_refresh(|refresh_state| refresh_state.lease_end = Some(end));
                }
            }
        };
        let (mut work, mut extend) = (pin!(work), pin!(extend));
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            let _: Poll<()> = extend.as_mut().poll(context);
            Poll::Pending
        })
        .await
    }

    /// Whether the lease is certain to be held: a slow response of the store may come after the
    /// lease has run out.
    pub(super) fn holds_lease(&self) -> bool {
        let end = self.lock().refresh_state().lease_end;
        end.is_some_and(|end| Instant::now() < end)
    }

    /// Releases the lease. If that fails, the lease runs out.
    pub(in crate::session) async fn release_lease(&self, fence: Fence) {
        if let Err(error) = self.context.release_lease(&self.key, fence).await {
            tracing::debug!(session = %self.key, %error, "a lease was not released");
        }
    }
}
