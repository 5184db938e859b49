//! How often, and after which waits, something is tried again.

use std::time::Duration;

use crate::random;

/// A bounded number of tries. The wait between two doubles up to a maximum, with jitter, so that
/// instances that failed together do not try again together.
#[derive(Clone, Debug)]
pub(crate) struct Tries {
    left: u32,
    wait: Duration,
    max_wait: Duration,
}

impl Tries {
    pub(crate) fn new(tries: u32, first_wait: Duration, max_wait: Duration) -> Self {
        Self {
            left: tries,
            wait: first_wait,
            max_wait,
        }
    }

    /// The wait before the next try, after one that failed; `None` if that was the last.
    pub(crate) fn next_wait(&mut self) -> Option<Duration> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return None;
        }
        let wait = self.wait.mul_f64(0.5 + random::fraction() / 2.0);
        self.wait = self.wait.saturating_mul(2).min(self.max_wait);
        Some(wait)
    }

    /// Lets the waits grow up to `max_wait` from now on.
    pub(super) fn slow_down(&mut self, max_wait: Duration) {
        self.max_wait = self.max_wait.max(max_wait);
    }
}
