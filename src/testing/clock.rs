//! A clock that a test can advance.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::{BoxFuture, Clock};

/// The system clock plus an offset that a test controls. Clones share the offset, so that a mock and
/// a client can use the same time.
#[derive(Clone, Debug, Default)]
pub struct TestClock {
    offset_nanos: Arc<AtomicI64>,
}

impl TestClock {
    /// A clock that shows the system time.
    pub fn new() -> Self {
        Self::default()
    }

    /// A clock that starts at `start`, which may be up to 292 years from the system time.
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        let offset = start - Utc::now();
        let limit = if offset < TimeDelta::zero() {
            i64::MIN
        } else {
            i64::MAX
        };
        let nanos = offset.num_nanoseconds().unwrap_or(limit);
        Self {
            offset_nanos: Arc::new(AtomicI64::new(nanos)),
        }
    }

    /// The difference from the system time, in nanoseconds.
    pub(super) fn offset(&self) -> i64 {
        self.offset_nanos.load(Ordering::SeqCst)
    }

    pub(super) fn set_offset(&self, nanos: i64) {
        self.offset_nanos.store(nanos, Ordering::SeqCst);
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let add = |offset: i64| Some(offset.saturating_add(nanos));
        // The closure always returns a value, so the update cannot fail.
        let _ = self
            .offset_nanos
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::nanoseconds(self.offset())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
