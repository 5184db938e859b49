//! The settings of a client and the options of a call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::connection_settings::ConnectionSettings;
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
    pub(crate) max_server_wait: Duration,
    pub(crate) resend_wait: Option<Duration>,
    pub(crate) max_wrong_codes: u32,
    pub(crate) max_unknown_rejections: u32,
    pub(crate) unknown_rejection_period: Duration,
    pub(crate) unclaimed_session_time: Duration,
    pub(crate) session_idle_timeout: Duration,
    pub(crate) session_absolute_timeout: Option<Duration>,
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
            max_server_wait: Duration::from_secs(3600),
            resend_wait: None,
            max_wrong_codes: 5,
            max_unknown_rejections: 3,
            unknown_rejection_period: Duration::from_secs(5 * 60),
            unclaimed_session_time: Duration::from_secs(120),
            session_idle_timeout: Duration::from_secs(30 * 24 * 3600),
            session_absolute_timeout: None,
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

    /// Sets the maximum difference between the local clock and the server's that is corrected; zero
    /// disables the correction. Default one day.
    ///
    /// The server's time is the `Date` header of its successes (2xx). One of them confirms the clock;
    /// only two that agree correct it. Other responses may come from a gateway, so their time counts
    /// for nothing but the signature that they refused.
    pub fn max_clock_correction(mut self, difference: Duration) -> Self {
        self.max_clock_correction = difference;
        self
    }

    /// Sets the maximum wait that a server can ask for: by `Retry-After`, which is
    /// [`Error::retry_after`](crate::Error::retry_after), or as the time before another message, which
    /// is a [`ResendTimer`](crate::challenge::ResendTimer). A longer one counts as this. Default one
    /// hour.
    pub fn max_server_wait(mut self, wait: Duration) -> Self {
        self.max_server_wait = wait;
        self
    }

    /// Sets the wait between two messages to one phone or mailbox where the server names none; each kind of
    /// message of Wunder, such as the code of a sign-in and that of a verification, has its own. Default
    /// 30 s for Fynd, 60 s for GoodCity and none for Wunder, as their official clients; The Wallet Crew
    /// sends no further message.
    pub fn resend_wait(mut self, wait: Duration) -> Self {
        self.resend_wait = Some(wait);
        self
    }

    /// Sets how many wrong codes may be tried per message, or per second factor, before a challenge
    /// sends no more; at least one. Instances that share a store should have the same number. Default
    /// 5.
    pub fn max_wrong_codes(mut self, codes: u32) -> Self {
        self.max_wrong_codes = codes.max(1);
        self
    }

    /// Sets how often the server may reject the credential of a session, or refuse its refresh, in words
    /// that the description does not have, before the session ends; at least 1, by default 3. A success
    /// in between starts the count again. See
    /// [`unknown_rejection_period`](Self::unknown_rejection_period).
    pub fn max_unknown_rejections(mut self, rejections: u32) -> Self {
        self.max_unknown_rejections = rejections.max(1);
        self
    }

    /// Sets how long such rejections must last before the session ends: the time from the first to the
    /// last one, by default 5 minutes.
    pub fn unknown_rejection_period(mut self, period: Duration) -> Self {
        self.unknown_rejection_period = period;
        self
    }

    /// Sets how long a challenge keeps a session that the server granted for a code after its caller
    /// went away: until then the same code gets it, and then it is signed out. Default 2 minutes. It ends
    /// with the challenge at the latest; zero signs out at once.
    pub fn unclaimed_session_time(mut self, time: Duration) -> Self {
        self.unclaimed_session_time = time;
        self
    }

    /// Sets how long a session is stored after its last use; at least one minute, by default 30 days. A
    /// session in use is prolonged.
    ///
    /// The time counts from the last write of the record, by the clock of the store. A session in use is
    /// written again once a thirtieth of the time has passed since, and no later than a day, so that one
    /// whose use ends may end by that much sooner. The session is revalidated as often, even if
    /// [`revalidate_session_after`](Self::revalidate_session_after) is longer. Its calls then fail as
    /// those of a session that was [ended elsewhere](crate::session::EndReason::EndedElsewhere).
    ///
    /// All instances should have the same time: each record lives for that of the instance that wrote it.
    pub fn session_idle_timeout(mut self, timeout: Duration) -> Self {
        self.session_idle_timeout = timeout.max(MIN_SESSION_TIMEOUT);
        self
    }

    /// Sets how long after its creation a session ends, however much it is used; at least one minute. By
    /// default there is no such limit.
    ///
    /// It applies to sessions that this client creates, by a sign-in or from tokens or cookies. The end is
    /// stored with the session, and every instance obeys it by its own clock, whatever its own setting.
    /// The reason is [`EndReason::AbsoluteTimeout`](crate::session::EndReason::AbsoluteTimeout). The
    /// server is not told.
    pub fn session_absolute_timeout(mut self, timeout: Duration) -> Self {
        self.session_absolute_timeout = Some(timeout.max(MIN_SESSION_TIMEOUT));
        self
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
const OWN_HEADERS: [HeaderName; 18] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::EXPECT,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
];

/// Whether the client or the system sets a header, so that a caller must not.
pub(super) fn is_own(name: &HeaderName, system_headers: &dyn Fn(&HeaderName) -> bool) -> bool {
    OWN_HEADERS.contains(name) || system_headers(name)
}

/// What would be right instead of such a header.
pub(super) const CLIENT_SETS: &str = "must not be set as a header: the client sets it";

/// The same of the language.
pub(super) const LANGUAGE_SETS: &str = "must be set by `language`";

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

    /// Fails for an option that is not valid, or a header of which `system_headers` says that the
    /// system sets it.
    pub(super) fn check(&self, system_headers: &dyn Fn(&HeaderName) -> bool) -> Result<(), Error> {
        if let Some((field, right)) = &self.invalid {
            return Err(Error::invalid(field.clone(), right));
        }
        let mut names = self
            .headers
            .keys()
            .filter(|name| **name != header::ACCEPT_LANGUAGE);
        if let Some(name) = names.find(|name| is_own(name, system_headers)) {
            return Err(Error::invalid(name.as_str().to_owned(), CLIENT_SETS));
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

    /// Sets the language of messages, as in `Accept-Language` (`de`, `en-GB`, `zh-tw`), for all calls of a
    /// flow: with `with_options` of the client that starts it.
    pub fn language(mut self, language: &str) -> Self {
        match language_header(language) {
            Ok(value) => drop(self.headers.insert(header::ACCEPT_LANGUAGE, value)),
            Err(_) => self.invalidate("language", LANGUAGE),
        }
        self
    }

    /// Adds a header to every request, such as the end user's address or a device id. A second value of
    /// one name replaces the first. A header that differs from attempt to attempt, such as `traceparent`,
    /// is added by `attempt_headers` of a client's builder.
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
                self.invalidate("accept-language", LANGUAGE_SETS);
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

/// The shortest lifetime of a session: below it, no session would outlast its sign-in for sure.
const MIN_SESSION_TIMEOUT: Duration = Duration::from_secs(60);

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
