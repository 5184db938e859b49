//! A clock that stands still and waits for nothing, so that an input always does the same.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vestibule::chrono::{DateTime, Utc};
use vestibule::{BoxFuture, Clock};

/// The time in which all inputs live: 21 October 2026.
pub const NOW: i64 = 1_792_540_800;

/// A time of a fixed clock, which keeps what it was asked to wait.
#[derive(Clone, Default)]
pub struct Still {
    now: DateTime<Utc>,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Still {
    /// A clock that stands at `now`.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self {
            now,
            waits: Arc::default(),
        }
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }

    /// Every wait that was asked for.
    pub fn waits(&self) -> Vec<Duration> {
        self.waits.lock().unwrap().clone()
    }
}

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.waits.lock().unwrap().push(duration);
        Box::pin(ready(()))
    }
}
