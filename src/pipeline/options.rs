//! The settings of a client and the options of a call.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use super::retry::{Backoff, RetryPolicy};
use crate::error::Error;

/// Timeouts and limits of a client. The defaults suit a back end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Timeout of a whole call: all attempts, and the waits before and between them. Default 30 s.
    pub deadline: Duration,
    /// Timeout of one attempt, from connecting to the last byte of the response. Default 10 s.
    pub attempt_timeout: Duration,
    /// Timeout of connecting. Default 5 s.
    pub connect_timeout: Duration,
    /// The retry policy. Default [`Backoff::new`].
    pub retry: Arc<dyn RetryPolicy>,
    /// The number of retries that the client may make in a row, over all its calls. Ten successes
    /// or one second give one back. This keeps retries from overloading a server that is down.
    /// Default 100.
    pub retry_budget: u32,
    /// The maximum number of requests in flight. Further ones wait, which counts against their
    /// deadline. Default 256.
    pub max_in_flight: usize,
    /// The maximum size of a response body in bytes, after decompression. Default 4 MiB.
    pub max_response_bytes: usize,
    /// The maximum size of the headers of a response in bytes, names and values together. Default
    /// 64 KiB.
    pub max_header_bytes: usize,
    /// How long before its expiry a token is refreshed. Default 60 s.
    pub refresh_before_expiry: Duration,
    /// How long a cached session is used before it is revalidated in its store. A session that ended
    /// on another instance is refused on this one within that time. Default 30 s.
    pub revalidate_session_after: Duration,
    /// How long the lease of a refresh lasts unless it is extended: after a crash, how long other
    /// instances cannot refresh the session. Default 10 s.
    pub lease_time: Duration,
    /// The maximum difference between the local clock and the server's (its `Date` headers) that is
    /// corrected; zero disables the correction. Default one day.
    pub max_clock_correction: Duration,
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
        }
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
