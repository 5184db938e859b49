//! Settings of a client and of a call.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use super::backoff::{Backoff, RetryPolicy};
use crate::error::Error;

/// Times and bounds of a client. The defaults suit a back end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// For a whole call: waiting, signing, all attempts. Default 30 s.
    pub deadline: Duration,
    /// For one attempt, from connecting to the last byte of the answer. Default 10 s.
    pub attempt_timeout: Duration,
    /// For connecting. Default 5 s.
    pub connect_timeout: Duration,
    /// When a request that may be repeated is. Default [`Backoff::new`].
    pub retry: Arc<dyn RetryPolicy>,
    /// How many repeats the client may make in a row, over all its calls. Ten successes or one
    /// second give one back, so a server that is down is not stormed. Default 100.
    pub retry_budget: u32,
    /// How many requests may be under way at once; further ones wait, which counts against their
    /// deadline. Default 256.
    pub max_in_flight: usize,
    /// The largest body that is read, in bytes after decompression. Default 4 MiB.
    pub max_response_bytes: usize,
    /// The largest headers of an answer, names and values together, in bytes. Default 64 KiB.
    pub max_header_bytes: usize,
    /// How long before its end a token is renewed. Default 60 s.
    pub refresh_before_expiry: Duration,
    /// How long what is known of a session's stored record is relied on. Then it is read again
    /// before the next call: a session that was ended on another instance is refused here within
    /// that time. Default 30 s.
    pub revalidate_session_after: Duration,
    /// How long a renewal that died with its process keeps others from renewing the session. A
    /// renewal that lives extends it. Default 10 s.
    pub lease_time: Duration,
    /// How far this machine's clock may be from the server's to be corrected for, by the `Date` of
    /// the answers; zero turns the correction off. Default one day.
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

/// Options of single calls; what is not set comes from the client.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    pub(crate) deadline: Option<Duration>,
    pub(crate) retry: Option<Arc<dyn RetryPolicy>>,
    pub(crate) accept_language: Option<HeaderValue>,
    pub(crate) headers: HeaderMap,
}

impl CallOptions {
    /// No options: everything as the client has it.
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

    /// The deadline over all attempts.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// When a request that may be repeated is.
    pub fn retry(mut self, policy: impl RetryPolicy) -> Self {
        self.retry = Some(Arc::new(policy));
        self
    }

    /// The language of messages, as in `Accept-Language` (`de`, `en-GB`, `zh-tw`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if it cannot stand in a header.
    pub fn accept_language(mut self, language: &str) -> Result<Self, Error> {
        self.accept_language = Some(language_header(language)?);
        Ok(self)
    }
}

/// Checks a language for `Accept-Language`.
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
