//! A clock that a test can move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::{BoxFuture, Clock, Time};

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

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        self.offset_nanos.fetch_add(nanos, Ordering::SeqCst);
    }

    /// The clock as a client takes it.
    pub fn clock(&self) -> Clock {
        Clock::new(self.clone())
    }
}

impl Time for TestClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::nanoseconds(self.offset_nanos.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
