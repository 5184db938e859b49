//! A clock that does not move and sleeps for no time, so that an input always behaves the same.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vestibule::chrono::{DateTime, Utc};
use vestibule::{BoxFuture, Clock};

/// The time of all inputs: 21 October 2026.
pub const NOW: i64 = 1_792_540_800;

/// A fixed time, and the sleeps that were requested.
#[derive(Clone, Default)]
pub struct FixedClock {
    now: DateTime<Utc>,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl FixedClock {
    /// A clock that always shows `now`.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self {
            now,
            waits: Arc::default(),
        }
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }

    /// The requested sleeps.
    pub fn waits(&self) -> Vec<Duration> {
        self.waits.lock().unwrap().clone()
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.waits.lock().unwrap().push(duration);
        Box::pin(ready(()))
    }
}
