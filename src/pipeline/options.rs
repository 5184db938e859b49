//! The settings of a client and the options of a call.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use super::http_client::ConnectionSettings;
use super::retry::{Backoff, RetryPolicy};
use crate::error::Error;

/// Timeouts and limits of a client. The defaults suit a back end.
///
/// ```
/// use std::time::Duration;
/// use vestibule::Settings;
///
/// let settings = Settings::new()
///     .deadline(Duration::from_secs(10))
///     .max_in_flight(64);
/// ```
#[derive(Clone, Debug)]
#[must_use = "pass it to `settings` of a client's builder"]
pub struct Settings {
    pub(crate) deadline: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(crate) retry: Arc<dyn RetryPolicy>,
    pub(crate) retry_budget: u32,
    pub(super) max_in_flight: usize,
    pub(super) max_response_bytes: usize,
    pub(super) max_header_bytes: usize,
    pub(crate) refresh_before_expiry: Duration,
    pub(crate) revalidate_session_after: Duration,
    pub(crate) lease_time: Duration,
    pub(crate) max_clock_correction: Duration,
    /// What the client's builder sets for the default HTTP client.
    pub(crate) connections: ConnectionSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            attempt_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            retry: Arc::new(Backoff::new()),
            retry_budget: 100,
            max_in_flight: 256,
            max_response_bytes: 4 * 1024 * 1024,
            max_header_bytes: 64 * 1024,
            refresh_before_expiry: Duration::from_secs(60),
            revalidate_session_after: Duration::from_secs(30),
            lease_time: Duration::from_secs(10),
            max_clock_correction: Duration::from_secs(24 * 3600),
            connections: ConnectionSettings::default(),
        }
    }
}

impl Settings {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the timeout of a whole call: all attempts, and the waits before and between them. Default
    /// 30 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the timeout of one attempt, from connecting to the last byte of the response. Default 10 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Sets the timeout of connecting. Default 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the retry policy. Default [`Backoff::new`].
    pub fn retry(mut self, policy: impl RetryPolicy) -> Self {
        self.retry = Arc::new(policy);
        self
    }

    /// Sets the number of retries that the client may make in a row, over all its calls. Ten successes
    /// or one second give one back. This keeps retries from overloading a server that is down.
    /// Default 100.
    pub fn retry_budget(mut self, retries: u32) -> Self {
        self.retry_budget = retries;
        self
    }

    /// Sets the maximum number of requests in flight. Further ones wait, which counts against their
    /// deadline. Default 256.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = requests;
        self
    }

    /// Sets the maximum size of a response body in bytes, after decompression. Default 4 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Sets the maximum size of the headers of a response in bytes, names and values together. Default
    /// 64 KiB.
    pub fn max_header_bytes(mut self, bytes: usize) -> Self {
        self.max_header_bytes = bytes;
        self
    }

    /// Sets how long before its expiry a token is refreshed. Default 60 s.
    pub fn refresh_before_expiry(mut self, time: Duration) -> Self {
        self.refresh_before_expiry = time;
        self
    }

    /// Sets how long a cached session is used before it is revalidated in its store. A session that
    /// ended on another instance is refused on this one within that time. Default 30 s.
    pub fn revalidate_session_after(mut self, time: Duration) -> Self {
        self.revalidate_session_after = time;
        self
    }

    /// Sets how long the lease of a refresh lasts unless it is extended: after a crash, how long other
    /// instances cannot refresh the session. Default 10 s.
    pub fn lease_time(mut self, time: Duration) -> Self {
        self.lease_time = time;
        self
    }

    /// Sets the maximum difference between the local clock and the server's (its `Date` headers) that
    /// is corrected; zero disables the correction. Default one day.
    pub fn max_clock_correction(mut self, difference: Duration) -> Self {
        self.max_clock_correction = difference;
        self
    }
}

/// Options of single calls. The client's settings apply to what is not set.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    pub(crate) deadline: Option<Duration>,
    pub(crate) retry: Option<Arc<dyn RetryPolicy>>,
    pub(crate) accept_language: Option<HeaderValue>,
    pub(crate) headers: HeaderMap,
}

impl CallOptions {
    /// No options: the client's settings apply.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            deadline,
            retry,
            accept_language,
            headers,
        } = self;
        deadline.is_none() && retry.is_none() && accept_language.is_none() && headers.is_empty()
    }

    pub(crate) fn with_headers(mut self, headers: &HeaderMap) -> Self {
        for (name, value) in headers {
            self.headers.insert(name.clone(), value.clone());
        }
        self
    }

    /// Sets the timeout of the whole call, over all attempts.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets the retry policy.
    pub fn retry(mut self, policy: impl RetryPolicy) -> Self {
        self.retry = Some(Arc::new(policy));
        self
    }

    /// Sets the language of messages, as in `Accept-Language` (`de`, `en-GB`, `zh-tw`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if it is no valid header value.
    pub fn accept_language(mut self, language: &str) -> Result<Self, Error> {
        self.accept_language = Some(language_header(language)?);
        Ok(self)
    }
}

/// Validates a language for `Accept-Language`.
pub(crate) fn language_header(language: &str) -> Result<HeaderValue, Error> {
    let well_formed = !language.is_empty()
        && language
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_,;=.* ".contains(&byte));
    well_formed
        .then(|| HeaderValue::from_str(language).ok())
        .flatten()
        .ok_or_else(|| Error::invalid("language", "must be a language tag such as `de` or `en-GB`"))
}
