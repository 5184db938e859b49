//! How many repeats a client may make, so that a server that is down is not stormed.
//!
//! A bucket of repeats: each repeat takes one out, ten successes put one back, and so does every
//! second that passes. While a server is down, the calls of a busy client are sent once each as
//! soon as the bucket is empty; when it is back, their successes fill the bucket again.

use std::time::Duration;

use super::atomic::{AtomicU64, Ordering};

/// What one repeat takes out: the time in which it comes back by itself.
const REPEAT: u64 = 1_000_000_000;

/// What one success puts back.
const SUCCESS: u64 = REPEAT / 10;

/// The bucket, kept as a point in time: the moment at which it will be full again. So it refills
/// without a timer, and one atomic number is all there is to share.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    full_at: AtomicU64,
    size: u64,
}

impl RetryBudget {
    /// A full bucket of this many repeats.
    pub(crate) fn new(repeats: u32) -> Self {
        Self {
            full_at: AtomicU64::new(0),
            size: u64::from(repeats) * REPEAT,
        }
    }

    /// Takes one repeat out, if there is one. `now` counts from any fixed point in time.
    pub(crate) fn take(&self, now: Duration) -> bool {
        let now = nanos(now);
        let taken = |full_at: u64| {
            let full_at = full_at.max(now).saturating_add(REPEAT);
            (full_at - now <= self.size).then_some(full_at)
        };
        self.full_at
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, taken)
            .is_ok()
    }

    /// Counts a success. The time is asked for only if a repeat was ever taken out.
    pub(crate) fn succeed(&self, now: impl FnOnce() -> Duration) {
        if self.full_at.load(Ordering::Acquire) == 0 {
            return;
        }
        let now = nanos(now());
        let put_back =
            |full_at: u64| (full_at > now).then(|| full_at.saturating_sub(SUCCESS).max(now));
        let _ = self
            .full_at
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, put_back);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
