//! A clock whose sleeps end at once and are recorded.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use vestibule::{BoxFuture, Clock};

#[derive(Clone, Default)]
pub struct Sleeper(Arc<Mutex<Vec<Duration>>>);

impl Sleeper {
    /// The sleeps requested so far.
    pub fn sleeps(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

impl Clock for Sleeper {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.lock().unwrap().push(duration);
        Box::pin(tokio::task::yield_now())
    }
}
