//! A clock that a test can move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::{BoxFuture, Clock};

/// The system's clock plus what a test adds. Clones move together, so that a mock and a client can
/// share one time.
#[derive(Clone, Debug, Default)]
pub struct TestClock {
    offset_nanos: Arc<AtomicI64>,
}

impl TestClock {
    /// A clock that is not moved yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A clock that goes on from `start`. It can be up to 292 years off the system's.
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        let offset = start - Utc::now();
        let furthest = if offset < TimeDelta::zero() {
            i64::MIN
        } else {
            i64::MAX
        };
        let nanos = offset.num_nanoseconds().unwrap_or(furthest);
        Self {
            offset_nanos: Arc::new(AtomicI64::new(nanos)),
        }
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let further = |offset: i64| Some(offset.saturating_add(nanos));
        // The closure always gives a value, so there is nothing to handle.
        let _ = self
            .offset_nanos
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, further);
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::nanoseconds(self.offset_nanos.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
