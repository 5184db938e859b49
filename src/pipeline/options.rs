//! Settings of a client and of a call.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

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
    /// How often a request may be sent in all. Default 3.
    pub max_attempts: u32,
    /// The first backoff; each further one may be twice as long. Default 200 ms.
    pub backoff_base: Duration,
    /// The longest backoff. Default 5 s.
    pub backoff_cap: Duration,
    /// How many requests may be under way at once; further ones wait, which counts against their
    /// deadline. Default 256.
    pub max_in_flight: usize,
    /// The largest answer that is read, in bytes. Default 4 MiB.
    pub max_answer_bytes: usize,
    /// How long before its end a token is renewed. Default 60 s.
    pub renew_before_expiry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            attempt_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            max_attempts: 3,
            backoff_base: Duration::from_millis(200),
            backoff_cap: Duration::from_secs(5),
            max_in_flight: 256,
            max_answer_bytes: 4 * 1024 * 1024,
            renew_before_expiry: Duration::from_secs(60),
        }
    }
}

/// Options of single calls; what is not set comes from the client.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    pub(crate) deadline: Option<Duration>,
    pub(crate) accept_language: Option<HeaderValue>,
    pub(crate) headers: HeaderMap,
}

impl CallOptions {
    /// No options: everything as the client has it.
    pub fn new() -> Self {
        Self::default()
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
