//! When another message may be sent.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::SharedClock;
use crate::error::{Error, ErrorKind, System};

/// The wait between two messages to one destination.
///
/// It belongs to the phone or mailbox and not to the challenge: starting over does not shorten it. It
/// is at most [`Settings::max_server_wait`](crate::Settings::max_server_wait).
#[derive(Clone, Debug)]
pub struct ResendTimer {
    clock: SharedClock,
    not_before: DateTime<Utc>,
}

impl ResendTimer {
    pub(crate) fn start(clock: &SharedClock, wait: Duration) -> Self {
        let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
        let not_before = clock.now().checked_add_signed(wait);
        Self::until(clock, not_before.unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    pub(super) fn until(clock: &SharedClock, not_before: DateTime<Utc>) -> Self {
        Self {
            clock: clock.clone(),
            not_before,
        }
    }

    /// The same timer, which ends after `wait` at the latest.
    pub(super) fn at_most(mut self, wait: Duration) -> Self {
        let latest = Self::start(&self.clock, wait).not_before;
        self.not_before = self.not_before.min(latest);
        self
    }

    /// The earliest time of the next message.
    pub fn not_before(&self) -> DateTime<Utc> {
        self.not_before
    }

    /// The rest of the wait; zero when a message may be sent.
    pub fn remaining(&self) -> Duration {
        (self.not_before - self.clock.now())
            .to_std()
            .unwrap_or(Duration::ZERO)
    }

    /// The error of a request after which the timer runs on: it carries the rest of the wait.
    pub(crate) fn on_error(&self, error: Error) -> Error {
        let rest = Some(self.remaining()).filter(|rest| !rest.is_zero());
        let wait = error.retry_after().max(rest);
        error.with_retry_after(wait)
    }

    /// Fails while the timer runs.
    pub(crate) fn check(&self, system: System) -> Result<(), Error> {
        let remaining = self.remaining();
        if remaining.is_zero() {
            return Ok(());
        }
        let message = "the last message is too recent to send another";
        Err(Error::new(ErrorKind::RateLimited, message)
            .of(system)
            .with_retry_after(Some(remaining)))
    }
}
