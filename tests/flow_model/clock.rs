//! A clock that moves only when the model advances it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use vestibule::{BoxFuture, Clock};

/// Clones share their time.
#[derive(Clone)]
pub struct ManualClock {
    start: DateTime<Utc>,
    seconds: Arc<AtomicI64>,
}

impl ManualClock {
    pub fn new(start: DateTime<Utc>) -> Self {
        Self {
            start,
            seconds: Arc::default(),
        }
    }

    pub fn advance(&self, seconds: u64) {
        let seconds = i64::try_from(seconds).expect("short");
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A clock that shows the same time and moves independently.
    pub fn detached(&self) -> Self {
        Self::new(self.now())
    }

    /// A clock that is always `seconds` ahead.
    pub fn ahead(&self, seconds: i64) -> Self {
        let mut clock = self.clone();
        clock.start += TimeDelta::seconds(seconds);
        clock
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.start + TimeDelta::seconds(self.seconds.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
