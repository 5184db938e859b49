//! How long to wait before a request is sent again.

use std::fmt;
use std::time::Duration;

use super::operation::{Idempotency, Operation};
use crate::error::Error;
use crate::random;

/// An attempt that failed and may be repeated.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedAttempt<'a> {
    /// What it failed with.
    pub error: &'a Error,
    /// The operation, by its id in the system's description.
    pub operation: &'a str,
    /// Whether repeating it changes nothing at the server. Else it is asked about only because the
    /// server has certainly not processed the attempt.
    pub is_idempotent: bool,
    /// How many attempts were made, this one included.
    pub attempts: u32,
    /// The time since the call began.
    pub elapsed: Duration,
}

impl<'a> FailedAttempt<'a> {
    pub(super) fn new(
        error: &'a Error,
        operation: &'a Operation,
        attempts: u32,
        elapsed: Duration,
    ) -> Self {
        Self {
            error,
            operation: operation.id,
            is_idempotent: operation.idempotency == Idempotency::Idempotent,
            attempts,
            elapsed,
        }
    }
}

/// Decides whether and when a request is sent again.
///
/// It is asked only about attempts that may be repeated: what the description, the fault and the
/// answer say about that stands above any policy, so no policy sends a message or a code twice.
/// Above it stand also the server's `Retry-After`, which is a floor for the wait, the deadline,
/// and the retry budget.
///
/// A policy of one's own can wrap another:
///
/// ```
/// use std::time::Duration;
/// use vestibule::{Backoff, FailedAttempt, RetryPolicy};
///
/// /// Leaves the profile alone; everything else is repeated as usual.
/// #[derive(Debug)]
/// struct NotTheProfile(Backoff);
///
/// impl RetryPolicy for NotTheProfile {
///     fn wait(&self, failed: &FailedAttempt<'_>) -> Option<Duration> {
///         match failed.operation {
///             "current_user_profile" => None,
///             _ => self.0.wait(failed),
///         }
///     }
/// }
/// ```
pub trait RetryPolicy: fmt::Debug + Send + Sync + 'static {
    /// How long to wait before the next attempt; `None` makes this one the last.
    fn wait(&self, failed: &FailedAttempt<'_>) -> Option<Duration>;
}

/// Exponential backoff with full jitter: a wait is anything from nothing to a bound that doubles
/// with each attempt up to a cap, so that clients that failed together do not come back together.
///
/// ```
/// use std::time::Duration;
/// use vestibule::{Backoff, CallOptions};
///
/// let patient = Backoff::new().with_max_attempts(6).with_cap(Duration::from_secs(2));
/// let options = CallOptions::new().retry(patient);
/// let once = CallOptions::new().retry(Backoff::none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    max_attempts: u32,
}

impl Backoff {
    /// Three attempts at most; up to 200 ms before the second, never more than 5 s.
    pub fn new() -> Self {
        Self {
            base: Duration::from_millis(200),
            cap: Duration::from_secs(5),
            max_attempts: 3,
        }
    }

    /// One attempt.
    pub fn none() -> Self {
        Self::new().with_max_attempts(1)
    }

    /// How often a request may be sent in all; the first attempt counts.
    pub fn with_max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// The longest wait before the second attempt.
    pub fn with_base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest wait before any attempt.
    pub fn with_cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// The longest wait after this many attempts.
    fn bound(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1);
        self.base
            .saturating_mul(2_u32.saturating_pow(doublings))
            .min(self.cap)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

impl RetryPolicy for Backoff {
    fn wait(&self, failed: &FailedAttempt<'_>) -> Option<Duration> {
        (failed.attempts < self.max_attempts)
            .then(|| self.bound(failed.attempts).mul_f64(random::fraction()))
    }
}
