//! The lease on a session: who holds it may renew the session's token.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::super::entry::{SessionEntry, State};
use super::super::record::ReloadOutcome;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{CredentialGeneration, Deadline};
use crate::random;
use crate::store::Fence;

/// Who waits for a lease looks again after about this long, and then less and less often.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LONGEST_LOOK: Duration = Duration::from_millis(500);

/// How long the tokens of an instance that could not save them are waited for: it tries to at
/// least once a second.
const SAVING: Duration = Duration::from_secs(3);

/// What came of asking for the lease.
pub(in crate::session) enum LeaseOutcome {
    Held(Fence),
    /// While another instance held it, the session moved on.
    Overtaken(ReloadOutcome),
}

impl SessionEntry {
    /// Waits for the lease until it is held, the holder has renewed the credential with this stamp,
    /// or `deadline`.
    pub(in crate::session) async fn ask_for_lease(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> Result<LeaseOutcome, Error> {
        let mut look = FIRST_LOOK;
        loop {
            if let Some(why) = self.ended() {
                return Err(self.ended_error(why));
            }
            let end = Instant::now() + self.lease_time();
            let asked = self.context.store.acquire(&self.key, self.lease_time());
            let asked = self.context.bounded(asked).await;
            if let Some(fence) = asked.map_err(|error| self.context.store_failed(error))? {
                self.lock()
                    .change(|refresh_state| refresh_state.lease_end = Some(end));
                return Ok(LeaseOutcome::Held(fence));
            }
            let found = self.reload().await?;
            if self.is_served(found, generation) {
                return Ok(LeaseOutcome::Overtaken(found));
            }
            // Jitter keeps those who wait for one lease from asking in step.
            let wait = look.mul_f64(0.5 + random::fraction());
            if !deadline.leaves_room_for(wait) {
                let message = "another instance was still renewing the session";
                return Err(Error::new(ErrorKind::TryLater, message)
                    .of(self.context.system)
                    .with_class("lease"));
            }
            self.context.time.sleep(wait).await;
            look = look.saturating_mul(2).min(LONGEST_LOOK);
        }
    }

    /// Looks, without the lease, whether somebody stores what came of a renewal.
    pub(in crate::session) async fn wait_for_result(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> Result<ReloadOutcome, Error> {
        let until = Instant::now() + SAVING;
        loop {
            let found = self.reload().await?;
            if self.is_served(found, generation) || Instant::now() >= until {
                return Ok(found);
            }
            let wait = FIRST_LOOK.mul_f64(5.0 * (0.5 + random::fraction()));
            if !deadline.leaves_room_for(wait) {
                let message = "another instance may still store the renewed session";
                return Err(Error::new(ErrorKind::TryLater, message).of(self.context.system));
            }
            self.context.time.sleep(wait).await;
        }
    }

    /// Runs `work` while the lease that `fence` names is extended again and again. One that is lost
    /// does not stop the work: what was sent cannot be called back.
    pub(in crate::session) async fn while_held<T>(
        &self,
        fence: impl Fn(&State) -> Option<Fence>,
        work: impl Future<Output = T>,
    ) -> T {
        let pause = self.lease_time() / 3;
        let keep = async {
            loop {
                tokio::time::sleep(pause).await;
                let Some(fence) = fence(&self.lock()) else {
                    continue;
                };
                let end = Instant::now() + self.lease_time();
                let extended = self
                    .context
                    .store
                    .extend(&self.key, fence, self.lease_time());
                // A step that hangs must not take the time of the next one, which may still work.
                if let Ok(Ok(())) = timeout(pause, extended).await {
                    self.lock()
                        .change(|refresh_state| refresh_state.lease_end = Some(end));
                }
            }
        };
        let (mut work, mut keep) = (pin!(work), pin!(keep));
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            let _: Poll<()> = keep.as_mut().poll(context);
            Poll::Pending
        })
        .await
    }

    /// Whether the lease that was taken last still runs for certain. An answer of the store that
    /// took long may have come after its end.
    pub(in crate::session) fn is_held(&self) -> bool {
        let end = self.lock().refresh_state().lease_end;
        end.is_some_and(|end| Instant::now() < end)
    }

    /// Gives the lease back. If the store does not hear it, the lease runs out.
    pub(in crate::session) async fn release_lease(&self, fence: Fence) {
        let released = self.context.store.release(&self.key, fence);
        if let Err(error) = self.context.bounded(released).await {
            tracing::debug!(session = %self.key, %error, "a lease is left to run out");
        }
    }

    fn lease_time(&self) -> Duration {
        self.context.lease_time()
    }
}
