//! The retry budget of a client, which keeps retries from overloading a server that is down.
//!
//! It is a token bucket: a retry takes one token, ten successes put one back, and so does each
//! second. With an empty bucket every call has one attempt; the successes after an outage fill the
//! bucket again.
//!
//! This file stands apart from `retry.rs` because `tests/retry_budget.rs` compiles it with loom's
//! atomics.

use std::time::Duration;

use super::atomic::{AtomicU64, Ordering};

/// The cost of one retry in nanoseconds: the time in which the bucket refills by that much.
const RETRY: u64 = 1_000_000_000;

/// The amount that one success puts back.
const SUCCESS: u64 = RETRY / 10;

/// A token bucket, stored as the time at which it will be full again: it needs no timer and only
/// one atomic number.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    full_at: AtomicU64,
    size: u64,
}

impl RetryBudget {
    /// A full bucket of this many retries.
    pub(crate) fn new(retries: u32) -> Self {
        Self {
            full_at: AtomicU64::new(0),
            size: u64::from(retries) * RETRY,
        }
    }

    /// Takes one retry, if there is one left; returns how many are left after it. `now` is the time since
    /// any fixed point.
    pub(crate) fn take(&self, now: Duration) -> Option<u32> {
        let now = nanos(now);
        let taken = |full_at: u64| full_at.max(now).saturating_add(RETRY);
        let take = |full_at: u64| Some(taken(full_at)).filter(|it| it - now <= self.size);
        let before = self
            .full_at
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .ok()?;
        let left = self.size - (taken(before) - now);
        // No larger than the size, which is given as a `u32`.
        Some(u32::try_from(left / RETRY).unwrap_or(u32::MAX))
    }

    /// Counts a success. Calls `now` only if a retry was ever taken.
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
