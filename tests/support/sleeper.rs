//! A clock whose sleeps are over at once and written down.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use vestibule::{BoxFuture, Clock, Time};

#[derive(Clone, Default)]
pub struct Sleeper(Arc<Mutex<Vec<Duration>>>);

impl Sleeper {
    pub fn clock(&self) -> Clock {
        Clock::new(self.clone())
    }

    /// What was asked for so far.
    pub fn asked(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

impl Time for Sleeper {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.lock().unwrap().push(duration);
        Box::pin(tokio::task::yield_now())
    }
}
