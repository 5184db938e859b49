//! The settings of a client and the options of a call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::operation::{Idempotency, Operation};
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

/// Options of calls, for `with_options` of a client or session. The client's settings apply to what
/// is not set.
///
/// An option that is not valid makes every call fail with
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before anything is sent.
#[derive(Clone, Default)]
#[must_use = "options have no effect before `with_options`"]
pub struct CallOptions {
    pub(super) deadline: Option<Duration>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) retry: Option<Arc<dyn RetryPolicy>>,
    pub(super) idempotent: Option<bool>,
    pub(super) headers: HeaderMap,
    /// The first option that is not valid: its name, and what would be right.
    invalid: Option<(String, &'static str)>,
}

/// Shows the names of headers without their values, which may hold personal data.
impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("deadline", &self.deadline)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("retry", &self.retry)
            .field("idempotent", &self.idempotent)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The headers that the client, its HTTP client or a proxy sets, besides those of a system.
const OWN_HEADERS: [HeaderName; 14] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
];

impl CallOptions {
    /// No options: the client's settings apply.
    pub fn new() -> Self {
        Self::default()
    }

    /// These options over `others`: what is set here wins.
    pub(super) fn over(mut self, others: &Self) -> Self {
        self.deadline = self.deadline.or(others.deadline);
        self.attempt_timeout = self.attempt_timeout.or(others.attempt_timeout);
        self.retry = self.retry.or_else(|| others.retry.clone());
        self.idempotent = self.idempotent.or(others.idempotent);
        for (name, value) in &others.headers {
            self.headers.entry(name).or_insert_with(|| value.clone());
        }
        self.invalid = self.invalid.or_else(|| others.invalid.clone());
        self
    }

    /// Checks the options for a call of `operation`, whose system sets `system_headers`.
    pub(super) fn check(
        &self,
        operation: &Operation,
        system_headers: &dyn Fn(&HeaderName) -> bool,
    ) -> Result<(), Error> {
        if let Some((field, right)) = &self.invalid {
            return Err(Error::invalid(field.clone(), right));
        }
        let mut names = self
            .headers
            .keys()
            .filter(|name| **name != header::ACCEPT_LANGUAGE);
        if let Some(name) = names.find(|name| OWN_HEADERS.contains(name) || system_headers(name)) {
            let right = "must not be set as a header: the client sets it";
            return Err(Error::invalid(name.as_str().to_owned(), right));
        }
        if self.idempotent == Some(true) && operation.idempotency == Idempotency::NotIdempotent {
            let right = "must not be true: by its description the operation is not idempotent";
            return Err(Error::invalid("idempotent", right));
        }
        Ok(())
    }

    fn invalidate(&mut self, field: &str, right: &'static str) {
        self.invalid
            .get_or_insert_with(|| (field.to_owned(), right));
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

    /// Sets the timeout of one attempt, from connecting to the last byte of the response.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets the language of messages, as in `Accept-Language` (`de`, `en-GB`, `zh-tw`).
    pub fn language(mut self, language: &str) -> Self {
        match language_header(language) {
            Ok(value) => drop(self.headers.insert(header::ACCEPT_LANGUAGE, value)),
            Err(_) => self.invalidate("language", LANGUAGE),
        }
        self
    }

    /// Adds a header to every request, such as the end user's address, a device id or
    /// `traceparent`. A second value of one name replaces the first.
    ///
    /// Headers that the client sets itself are refused by name: among others `Authorization`,
    /// `Cookie`, `Content-Type`, `Accept-Language` (use [`language`](Self::language)), and those of
    /// the system, such as a signature.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        match (name.try_into(), value.try_into()) {
            (Ok(name), Ok(_)) if name == header::ACCEPT_LANGUAGE => {
                self.invalidate("accept-language", "must be set by `language`");
            }
            (Ok(name), Ok(value)) => drop(self.headers.insert(name, value)),
            (Ok(name), Err(_)) => {
                self.invalidate(name.as_str(), "must be a valid value of a header");
            }
            (Err(_), _) => self.invalidate("header", "must have a valid name"),
        }
        self
    }

    /// Sets whether a call is idempotent, so that it may be retried after it may have reached the
    /// server.
    ///
    /// `false` restricts any call. `true` makes a custom request idempotent; a described operation
    /// that is not idempotent, such as one that sends a message, carries a code or refreshes a
    /// token, refuses it.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }
}

const LANGUAGE: &str = "must be a language tag such as `de` or `en-GB`";

/// Validates a language for `Accept-Language`.
pub(crate) fn language_header(language: &str) -> Result<HeaderValue, Error> {
    let well_formed = !language.is_empty()
        && language
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_,;=.* ".contains(&byte));
    well_formed
        .then(|| HeaderValue::from_str(language).ok())
        .flatten()
        .ok_or_else(|| Error::invalid("language", LANGUAGE))
}
