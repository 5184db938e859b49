//! The one error of the crate: what happened, and what the caller should do about it.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

/// One of the four identity systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum System {
    /// Wunder Mobility (goUrban).
    Wunder,
    /// The Wallet Crew.
    WalletCrew,
    /// GoodCity.
    GoodCity,
    /// Fynd Commerce.
    Fynd,
}

impl System {
    /// The name in lower case, as it stands in logs: `wunder`, `walletcrew`, `goodcity`, `fynd`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wunder => "wunder",
            Self::WalletCrew => "walletcrew",
            Self::GoodCity => "goodcity",
            Self::Fynd => "fynd",
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a caller should do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Fix the input: nothing was sent. [`Error::field`] names what is wrong.
    InvalidInput,
    /// Sign in again: there is no session, or it has ended.
    SignInAgain,
    /// Slow down: not before [`Error::retry_after`].
    SlowDown,
    /// Try later: the server could not be reached, did not answer in time or failed.
    TryLater,
    /// Finish a step first, such as multi-factor authentication.
    StepRequired,
    /// The server refused. [`Error::refusal`] gives the system's own error.
    Refused,
    /// Report it: the answer was not understood.
    Undecodable,
}

impl ErrorKind {
    fn advice(self) -> &'static str {
        match self {
            Self::InvalidInput => "fix the input",
            Self::SignInAgain => "sign in again",
            Self::SlowDown => "slow down",
            Self::TryLater => "try later",
            Self::StepRequired => "finish the step first",
            Self::Refused => "do not repeat it unchanged",
            Self::Undecodable => "report it",
        }
    }
}

/// What is known about whether the server saw the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// Nothing reached the server.
    NotSent,
    /// The request left, no answer came: it may have been processed.
    Unknown,
    /// The server answered.
    Answered,
}

/// A call that failed.
///
/// `Display` is one line that is fit for a log: system, operation, what happened, what to do.
/// Neither it nor `Debug` shows a URL's query, a header, a body or a secret.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    system: Option<System>,
    operation: Option<Cow<'static, str>>,
    field: Option<Cow<'static, str>>,
    status: Option<StatusCode>,
    code: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    delivery: Delivery,
    attempts: u32,
    elapsed: Duration,
    refusal: Option<Box<dyn Any + Send + Sync>>,
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
            code: None,
            request_id: None,
            retry_after: None,
            delivery: Delivery::NotSent,
            attempts: 0,
            elapsed: Duration::ZERO,
            refusal: None,
            source: None,
        }))
    }

    /// An input that is refused before anything is sent; `right` says what it should look like.
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
        self.0.delivery = Delivery::Answered;
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

    pub(crate) fn with_effort(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }

    pub(crate) fn with_refusal(
        mut self,
        refusal: Box<dyn Any + Send + Sync>,
        code: Option<&str>,
        request_id: Option<&str>,
    ) -> Self {
        self.0.refusal = Some(refusal);
        self.0.code = code.filter(|code| is_plain(code)).map(str::to_owned);
        self.0.request_id = request_id.filter(|id| is_plain(id)).map(str::to_owned);
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// What to do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The system that was called.
    pub fn system(&self) -> Option<System> {
        self.0.system
    }

    /// The operation, by its id in the system's description.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The input that is wrong, for [`ErrorKind::InvalidInput`].
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The HTTP status of the last answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The system's own error code, such as Wunder's `U106`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The id under which the vendor can find the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long to wait before the next try, as the server or a timer says.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What is known about whether the server saw the request.
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// How many requests were sent or tried.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The time from the first attempt to this error.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// The system's typed error, such as `wunder::Refusal`, if the server sent one.
    pub fn refusal<T: 'static>(&self) -> Option<&T> {
        self.0.refusal.as_ref()?.downcast_ref()
    }
}

/// Whether a code or id from a server is short and harmless enough to stand in a log line.
fn is_plain(text: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(harmless)
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
        write!(f, ": {}", inner.kind.advice())?;
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
