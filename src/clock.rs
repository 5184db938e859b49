//! The only place that asks for the time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// A boxed future, as the traits of this crate return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where a client takes the time from and how it waits.
///
/// The default is the system's clock and tokio's timer. A test gives its own and moves it.
pub trait Time: Send + Sync + 'static {
    /// The time of day in UTC.
    fn now(&self) -> DateTime<Utc>;

    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// A shared handle on a [`Time`].
#[derive(Clone)]
pub struct Clock(Arc<dyn Time>);

impl Clock {
    /// The system's clock and tokio's timer.
    pub fn system() -> Self {
        Self::new(SystemTime)
    }

    /// A clock of the caller's.
    pub fn new(time: impl Time) -> Self {
        Self(Arc::new(time))
    }

    /// The time of day in UTC.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    /// Waits for `duration`.
    pub(crate) fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

struct SystemTime;

impl Time for SystemTime {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
