//! The lease on a session: who holds it may renew the session's token.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::core::Core;
use super::record::Found;
use super::store::{Fence, StoreError};
use crate::error::{Error, ErrorKind};
use crate::pipeline::Deadline;
use crate::random;

/// Who waits for a lease looks again after about this long, and then less and less often.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LONGEST_LOOK: Duration = Duration::from_millis(500);

/// How long the tokens of an instance that could not save them are waited for: it tries to at
/// least once a second.
const SAVING: Duration = Duration::from_secs(3);

/// What came of asking for the lease.
pub(super) enum Asked {
    Held(Fence),
    /// While another instance held it, the session moved on.
    Overtaken(Found),
}

impl Core {
    /// Waits for the lease until it is held, the holder has finished, or `deadline`.
    pub(super) async fn ask_for_lease(&self, deadline: Deadline) -> Result<Asked, Error> {
        let mut look = FIRST_LOOK;
        loop {
            let asked = self.host.store.acquire(&self.key, self.lease_time());
            let asked = self.host.bounded(asked).await;
            if let Some(fence) = asked.map_err(|error| self.host.store_failed(error))? {
                return Ok(Asked::Held(fence));
            }
            match self.look_again().await? {
                Found::Unchanged => {}
                moved_on => return Ok(Asked::Overtaken(moved_on)),
            }
            // Jitter keeps those who wait for one lease from asking in step.
            let wait = look.mul_f64(0.5 + random::fraction());
            if !deadline.leaves_room_for(wait) {
                let message = "another instance was still renewing the session";
                return Err(Error::new(ErrorKind::TryLater, message)
                    .of(self.host.system)
                    .with_class("lease"));
            }
            self.host.time.sleep(wait).await;
            look = look.saturating_mul(2).min(LONGEST_LOOK);
        }
    }

    /// Looks, without the lease, whether somebody stores what came of a renewal.
    pub(super) async fn wait_for_result(&self, deadline: Deadline) -> Result<Found, Error> {
        let until = Instant::now() + SAVING;
        while Instant::now() < until {
            let wait = FIRST_LOOK.mul_f64(5.0 * (0.5 + random::fraction()));
            if !deadline.leaves_room_for(wait) {
                let message = "another instance may still store the renewed session";
                return Err(Error::new(ErrorKind::TryLater, message).of(self.host.system));
            }
            self.host.time.sleep(wait).await;
            match self.look_again().await? {
                Found::Unchanged => {}
                moved_on => return Ok(moved_on),
            }
        }
        Ok(Found::Unchanged)
    }

    /// Runs `work` while the lease is extended again and again. One that is lost does not stop the
    /// work: what was sent cannot be called back.
    pub(super) async fn while_held<T>(&self, fence: Fence, work: impl Future<Output = T>) -> T {
        let keep = async {
            loop {
                tokio::time::sleep(self.lease_time() / 3).await;
                let extended = self.host.store.extend(&self.key, fence, self.lease_time());
                // After any other failure the next try may still come in time.
                if let Err(StoreError::LeaseLost) = self.host.bounded(extended).await {
                    return;
                }
            }
        };
        let (mut work, mut keep) = (pin!(work), pin!(keep));
        let mut is_kept = true;
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            is_kept = is_kept && keep.as_mut().poll(context).is_pending();
            Poll::Pending
        })
        .await
    }

    /// Gives the lease back. If the store does not hear it, the lease runs out.
    pub(super) async fn release_lease(&self, fence: Fence) {
        let released = self.host.store.release(&self.key, fence);
        if let Err(error) = self.host.bounded(released).await {
            tracing::debug!(session = %self.key, %error, "a lease is left to run out");
        }
    }

    fn lease_time(&self) -> Duration {
        self.host.lease_time()
    }
}
