//! Whether a failed attempt may be retried, and after which wait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::operation::Operation;
use crate::error::{Delivery, Error, ErrorKind};
use crate::random;

/// Whether another attempt is safe. A request that the server certainly did not process may always
/// be sent again, any other one only if the call is idempotent.
pub(super) fn is_retryable(operation: &Operation, idempotent: bool, error: &Error) -> bool {
    // Nothing changes until the operator acts.
    if error.kind() == ErrorKind::Misconfigured {
        return false;
    }
    // Each of these has an effect on the user, who asked for one: the caller decides.
    let once = operation.sends_message || operation.carries_code;
    match (error.delivery(), error.status()) {
        (Delivery::NotSent, _) => true,
        (Delivery::Unknown, _) => idempotent,
        // The response came, but cannot be read: it would be the same again.
        (Delivery::Responded, _) if error.kind() == ErrorKind::InvalidResponse => false,
        (Delivery::Responded, Some(StatusCode::TOO_MANY_REQUESTS)) => !once,
        (Delivery::Responded, Some(StatusCode::SERVICE_UNAVAILABLE)) => {
            idempotent || (error.is_unprocessed() && !once)
        }
        (Delivery::Responded, Some(status)) => {
            idempotent && matches!(status.as_u16(), 408 | 500 | 502 | 504)
        }
        (Delivery::Responded, None) => false,
    }
}

/// A failed attempt that is safe to retry.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedAttempt<'a> {
    /// The error of the attempt.
    pub error: &'a Error,
    /// The id of the operation in the system's description.
    pub operation: &'a str,
    /// Whether the call is idempotent. If not, the server has certainly not processed this
    /// attempt.
    pub is_idempotent: bool,
    /// The number of attempts so far, including this one.
    pub attempts: u32,
    /// The time since the start of the call.
    pub elapsed: Duration,
}

/// Decides whether and when a failed attempt is retried.
///
/// A client asks its policy only about attempts that are safe to retry by the description of the
/// operation, the error and the response, so no policy can send a message or a code twice. The
/// client also takes the server's `Retry-After` as the lower bound of the wait, and does not retry
/// past the deadline or beyond the retry budget.
///
/// A custom policy can wrap another one:
///
/// ```
/// use std::time::Duration;
/// use vestibule::{Backoff, FailedAttempt, RetryPolicy};
///
/// /// Never retries the profile, and everything else as usual.
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
    /// Returns how long to wait before the next attempt, or `None` to fail with the error of this
    /// one.
    fn wait(&self, failed: &FailedAttempt<'_>) -> Option<Duration>;
}

impl<P: RetryPolicy + ?Sized> RetryPolicy for Arc<P> {
    fn wait(&self, failed: &FailedAttempt<'_>) -> Option<Duration> {
        (**self).wait(failed)
    }
}

/// Exponential backoff with full jitter.
///
/// A wait is a random time between zero and a bound that doubles with each attempt up to a cap, so
/// clients that failed at the same time do not retry at the same time.
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
    /// At most three attempts; waits of at most 200 ms before the second one and 5 s before any.
    pub fn new() -> Self {
        Self {
            base: Duration::from_millis(200),
            cap: Duration::from_secs(5),
            max_attempts: 3,
        }
    }

    /// No retries: one attempt only.
    pub fn none() -> Self {
        Self::new().with_max_attempts(1)
    }

    /// Sets the maximum number of attempts, including the first one.
    pub fn with_max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// Sets the upper bound of the wait before the second attempt.
    pub fn with_base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// Sets the upper bound of the wait before any attempt.
    pub fn with_cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// The upper bound of the wait after this many attempts.
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
