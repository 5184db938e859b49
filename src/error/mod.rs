//! The error type of the crate.

mod kind;
mod problem;

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

pub(crate) use self::kind::CredentialVerdict;
pub use self::kind::{Delivery, ErrorKind, System};
pub use self::problem::Problem;

/// The maximum number of bytes that an error keeps of an undecodable body.
const MAX_KEPT_BODY: usize = 64 * 1024;

/// The error of a failed call.
///
/// `Display` is one line for logs: system, operation, what happened, what to do. Neither `Display`
/// nor `Debug` shows a query, a header, a body or a secret.
pub struct Error(Box<Inner>);

/// Every call returns it by value.
const _: () = assert!(size_of::<Error>() <= 128);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    system: Option<System>,
    operation: Option<Cow<'static, str>>,
    field: Option<Cow<'static, str>>,
    status: Option<StatusCode>,
    class: Option<&'static str>,
    code: Option<String>,
    /// Whether [`Error::problem`] may show the code.
    is_public_code: bool,
    /// Whether the request may be repeated without a further effect.
    is_idempotent: bool,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    /// Whether the server said, in words of the system, that it did not process the request.
    is_unprocessed: bool,
    /// What the response says about the credential that the request carried.
    credential_verdict: CredentialVerdict,
    session_ended: bool,
    delivery: Delivery,
    attempts: u32,
    elapsed: Duration,
    api_error: Option<Box<dyn Any + Send + Sync>>,
    body: Option<Bytes>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            system: None,
            operation: None,
            field: None,
            status: None,
            class: None,
            code: None,
            is_public_code: false,
            is_idempotent: false,
            request_id: None,
            retry_after: None,
            is_unprocessed: false,
            credential_verdict: CredentialVerdict::Unknown,
            session_ended: false,
            delivery: Delivery::NotSent,
            attempts: 0,
            elapsed: Duration::ZERO,
            api_error: None,
            body: None,
            source: None,
        }))
    }

    /// An error for an invalid input, before anything is sent. `right` says what would be valid.
    pub(crate) fn invalid(field: impl Into<Cow<'static, str>>, right: &str) -> Self {
        let field = field.into();
        let mut error = Self::new(ErrorKind::InvalidInput, format!("`{field}` {right}"));
        error.0.field = Some(field);
        error
    }

    pub(crate) fn at(mut self, system: System, operation: impl Into<Cow<'static, str>>) -> Self {
        self.0.system.get_or_insert(system);
        self.0.operation.get_or_insert(operation.into());
        self
    }

    pub(crate) fn of(mut self, system: System) -> Self {
        self.0.system.get_or_insert(system);
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self.0.delivery = Delivery::Responded;
        self
    }

    pub(crate) fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.0.delivery = delivery;
        self
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    /// Records that the server said that it did not process the request, and to retry later.
    pub(crate) fn with_unprocessed(mut self, is_unprocessed: bool) -> Self {
        self.0.is_unprocessed = is_unprocessed;
        self
    }

    pub(crate) fn with_credential_verdict(mut self, verdict: CredentialVerdict) -> Self {
        self.0.credential_verdict = verdict;
        self
    }

    pub(crate) fn credential_verdict(&self) -> CredentialVerdict {
        self.0.credential_verdict
    }

    /// Records that the session of the call has ended.
    pub(crate) fn with_session_ended(mut self) -> Self {
        self.0.session_ended = true;
        self
    }

    /// The error of a call whose code the server did not check because of the session's token, which
    /// is refreshed now.
    pub(crate) fn with_unchecked_code(mut self) -> Self {
        self.0.kind = ErrorKind::Unavailable;
        self.0.message =
            "the server rejected the session's token, and the code or password was not \
                          checked: send it again"
                .into();
        self.with_unprocessed(true)
    }

    /// Says what happened, where a flow knows more than the call.
    #[cfg(feature = "goodcity")]
    pub(crate) fn with_message(mut self, message: &'static str) -> Self {
        self.0.message = message.into();
        self
    }

    pub(crate) fn with_effort(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }

    pub(crate) fn with_api_error(
        mut self,
        api_error: Box<dyn Any + Send + Sync>,
        code: Option<&str>,
        request_id: Option<&str>,
    ) -> Self {
        self.0.api_error = Some(api_error);
        self.0.code = code.filter(|code| is_plain(code)).map(str::to_owned);
        self.with_request_id(request_id)
    }

    /// Lets [`Error::problem`] show the code.
    pub(crate) fn with_public_code(mut self, is_public: bool) -> Self {
        self.0.is_public_code = is_public;
        self
    }

    pub(crate) fn with_idempotent(mut self, is_idempotent: bool) -> Self {
        self.0.is_idempotent = is_idempotent;
        self
    }

    /// Sets the request id, if there is a plain one.
    pub(crate) fn with_request_id(mut self, id: Option<&str>) -> Self {
        if let Some(id) = id.filter(|id| is_plain(id)) {
            self.0.request_id = Some(id.to_owned());
        }
        self
    }

    /// Sets the `error.type` of an error that has no status, or whose status does not tell it.
    pub(crate) fn with_class(mut self, class: &'static str) -> Self {
        self.0.class = Some(class);
        self
    }

    /// Keeps the start of a body that could not be decoded.
    pub(crate) fn with_body(mut self, body: &Bytes) -> Self {
        // A copy, so that a long-lived error does not hold the buffer of a connection.
        let kept = &body[..body.len().min(MAX_KEPT_BODY)];
        self.0.body = Some(Bytes::copy_from_slice(kept));
        self
    }

    pub(crate) fn with_source(
        self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.with_boxed_source(Box::new(source))
    }

    pub(crate) fn with_boxed_source(
        mut self,
        source: Box<dyn std::error::Error + Send + Sync>,
    ) -> Self {
        self.0.source = Some(source);
        self
    }

    /// The kind of the error: what to do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The system that was called.
    pub fn system(&self) -> Option<System> {
        self.0.system
    }

    /// The id of the operation in the system's description.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// Whether the session of the call has ended, so that the user must sign in again. With `false`, an
    /// error of the kind [`ErrorKind::Unauthenticated`] means that the server refused this call alone,
    /// as for a missing permission, and the session goes on; or that there was no session.
    pub fn session_ended(&self) -> bool {
        self.0.session_ended
    }

    /// The name of the invalid input, for [`ErrorKind::InvalidInput`].
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The HTTP status of the last response.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The system's own error code, such as Wunder's `U106`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The request id, by which the vendor can find the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long to wait before the next attempt, according to the server or a timer.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the server received the request, as far as is known.
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// The number of attempts of the call.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The time from the start of the call to this error.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// The class of the error, as in OpenTelemetry's `error.type`: a word such as `connect`,
    /// `timeout` or `too_large`, the status of an error response (`503`), or else
    /// [`ErrorKind::as_str`].
    ///
    /// For [`ErrorKind::Misconfigured`] it is one of:
    ///
    /// | class | what to check |
    /// |---|---|
    /// | `signature` | the `signing_key` of the client |
    /// | `clock` | the clock of this machine |
    /// | `application` | the credential or the name of the application |
    /// | `tenant` | the `tenant`, and whether `base_url` is the gateway that has it |
    /// | `path` | the `base_url`: the server does not have the path |
    /// | `host` | the host of the `base_url` |
    /// | `oauth` | the `tenant` and the `base_url`: the server refuses this client, not the token |
    /// | `redirect` | the `base_url`: the message names the host that the server leads to |
    /// | `certificate` | the certificates that this machine trusts |
    /// | `proxy` | user and password of the proxy |
    /// | `sealing_keys` | the sealing keys of the session store at this instance |
    /// | `store` | whether the session store is a cluster, which must be opened as one |
    /// | `web_session` | whether the router has the layer of web sessions |
    pub fn error_type(&self) -> &str {
        let inner = &*self.0;
        match (inner.class, &inner.status) {
            (Some(class), _) => class,
            (None, Some(status)) if !status.is_success() => status.as_str(),
            (None, _) => inner.kind.as_str(),
        }
    }

    /// The body of a response that could not be decoded, up to its first 64 KiB.
    ///
    /// It may contain secrets: do not log it. `Display` and `Debug` show only its length and type.
    pub fn expose_body(&self) -> Option<&[u8]> {
        self.0.body.as_deref()
    }

    /// Class and message, if only the operator can correct the cause.
    pub(crate) fn misconfigured(&self) -> Option<(&'static str, &str)> {
        let class = self.0.class.unwrap_or(self.0.kind.as_str());
        (self.0.kind == ErrorKind::Misconfigured).then_some((class, &*self.0.message))
    }

    /// Whether the server sent an error in the system's own format.
    pub(crate) fn has_api_error(&self) -> bool {
        self.0.api_error.is_some()
    }

    /// Whether the response had a success status, and its body said that the request was not carried
    /// out.
    pub(crate) fn is_denial(&self) -> bool {
        let is_success = |status: StatusCode| status.is_success();
        self.0.kind == ErrorKind::Rejected && self.0.status.is_some_and(is_success)
    }

    /// Whether the server said that it did not process the request: by 429, by 503 with `Retry-After`
    /// in the system's own words, or by naming the token of a session that is refreshed now. A wait of
    /// this crate's own does not count.
    pub(crate) fn is_unprocessed(&self) -> bool {
        self.0.is_unprocessed || self.0.status == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// The system's typed error, such as `wunder::ApiError`, if the server sent one.
    pub fn api_error<T: 'static>(&self) -> Option<&T> {
        self.0.api_error.as_ref()?.downcast_ref()
    }
}

impl Error {
    /// Whether the same call has a chance later, without the user doing anything and without a double
    /// effect.
    ///
    /// That is the case for
    /// - [`ErrorKind::RateLimited`]: the request was not processed; wait for
    ///   [`retry_after`](Self::retry_after),
    /// - [`ErrorKind::Unavailable`] if the request did not reach the server
    ///   ([`Delivery::NotSent`]), if the operation is idempotent, or if the system said in its own
    ///   words that it did not process the request: with 503 and `Retry-After`, or with a 401 that
    ///   names the session's token, which is refreshed now.
    ///
    /// It is not the case for any other error. In particular an operation that sends a message or
    /// carries a code, and whose response was lost, is not retryable: the message may be under way
    /// and the code spent. The pipeline has retried what may be retried already; this tells whether a
    /// job queue, or a user who presses the same button, may do so once more.
    pub fn is_retryable(&self) -> bool {
        let inner = &*self.0;
        match inner.kind {
            ErrorKind::RateLimited => true,
            ErrorKind::Unavailable => {
                inner.delivery == Delivery::NotSent || inner.is_idempotent || self.is_unprocessed()
            }
            _ => false,
        }
    }

    /// Finds the error of this crate in an error of another type, such as `anyhow::Error` or
    /// `Box<dyn std::error::Error + Send + Sync>`: the error itself or the first one among its
    /// sources, also within a [`StepError`](crate::challenge::StepError) of any state and within a
    /// [`std::io::Error`].
    ///
    /// ```
    /// use std::error::Error as StdError;
    ///
    /// fn status_of(error: &(dyn StdError + 'static)) -> u16 {
    ///     vestibule::Error::find(error).map_or(500, |error| error.http_status().as_u16())
    /// }
    ///
    /// let invalid = "nowhere".parse::<vestibule::System>().unwrap_err();
    /// let boxed: Box<dyn StdError + Send + Sync> = invalid.into();
    /// assert_eq!(status_of(&*boxed), 400);
    /// ```
    pub fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            // The source of an `io::Error` is that of the error in it, which would be skipped.
            let custom = error.downcast_ref::<std::io::Error>();
            next = match custom.and_then(std::io::Error::get_ref) {
                Some(inner) => Some(inner as &(dyn std::error::Error + 'static)),
                None => error.source(),
            };
        }
        None
    }
}

/// Whether a code or id from a server is short and plain enough for a log.
fn is_plain(text: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(harmless)
}

/// A code from a server as a log may show it.
pub(crate) fn shown_code(code: &str) -> &str {
    if code.is_empty() || is_plain(code) {
        code
    } else {
        "[not shown]"
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(system) = inner.system {
            write!(f, "{system}")?;
            if let Some(operation) = &inner.operation {
                write!(f, " {operation}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&inner.message)?;
        if let Some(status) = inner.status {
            write!(f, " (status {}", status.as_u16())?;
            if let Some(code) = &inner.code {
                write!(f, ", code {code}")?;
            }
            if let Some(id) = &inner.request_id {
                write!(f, ", request {id}")?;
            }
            f.write_str(")")?;
        }
        if inner.attempts > 1 {
            write!(f, " after {} attempts", inner.attempts)?;
        }
        let advice = match (inner.kind, &inner.status) {
            // The server refused this call alone.
            (ErrorKind::Unauthenticated, Some(_)) if !inner.session_ended => "check the permission",
            (kind, _) => kind.advice(),
        };
        write!(f, ": {advice}")?;
        if let Some(wait) = inner.retry_after {
            write!(f, ", not before {} s", wait.as_secs_f64().ceil())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self})", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
