//! Errors for tests of code that handles them.

use std::any::Any;
use std::time::Duration;

use http::StatusCode;

use crate::error::{Delivery, Error, ErrorKind, System};

/// Builds an [`Error`] of any kind, to test how an application maps and shows errors.
///
/// ```
/// use std::time::Duration;
/// use vestibule::{ErrorKind, System, testing};
///
/// let error = testing::error(ErrorKind::RateLimited)
///     .at(System::GoodCity, "send_pin")
///     .retry_after(Duration::from_secs(30))
///     .build();
/// assert_eq!(error.http_status(), 429);
/// assert_eq!(error.problem().retry_after, Some(30));
/// ```
pub fn error(kind: ErrorKind) -> ErrorBuilder {
    ErrorBuilder {
        error: match kind {
            ErrorKind::InvalidInput => Error::invalid("input", "must be valid"),
            kind => Error::new(kind, "an error of a test"),
        },
    }
}

/// The builder that [`error`] returns.
#[derive(Debug)]
#[must_use = "it is no error before `build`"]
pub struct ErrorBuilder {
    error: Error,
}

impl ErrorBuilder {
    /// Sets the system, and the id of the operation in its description.
    pub fn at(mut self, system: System, operation: impl Into<String>) -> Self {
        self.error = self.error.at(system, operation.into());
        self
    }

    /// Sets the name of the invalid input, which makes the kind
    /// [`InvalidInput`](ErrorKind::InvalidInput). Call it first: it replaces what was set before.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.error = Error::invalid(field.into(), "must be valid");
        self
    }

    /// Sets the HTTP status of the response.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.error = self.error.with_status(status);
        self
    }

    /// Sets the system's own error, such as one of its `ApiError`s or a type of the test, and its code.
    /// A code that is not plain (letters, digits, `.`, `_`, `-`; at most 64) is left out, as in a real
    /// error. [`Error::problem`] does not show it.
    pub fn api_error(mut self, api_error: impl Any + Send + Sync, code: impl AsRef<str>) -> Self {
        let code = Some(code.as_ref());
        self.error = self.error.with_api_error(Box::new(api_error), code, None);
        self
    }

    /// Lets [`Error::problem`] show the code, as it does for some codes of the systems.
    pub fn public_code(mut self) -> Self {
        self.error = self.error.with_public_code(true);
        self
    }

    /// Sets the id of the request. One that is not plain is left out.
    pub fn request_id(mut self, id: impl AsRef<str>) -> Self {
        self.error = self.error.with_request_id(Some(id.as_ref()));
        self
    }

    /// Sets the wait before the next attempt.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.error = self.error.with_retry_after(Some(wait));
        self
    }

    /// Sets whether the request reached the server; [`Delivery::NotSent`] by default, or
    /// [`Delivery::Responded`] after a [`status`](Self::status).
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.error = self.error.with_delivery(delivery);
        self
    }

    /// Makes it the error of a session that has ended, as [`Error::session_ended`] tells.
    pub fn session_ended(mut self) -> Self {
        self.error = self.error.with_session_ended();
        self
    }

    /// Sets whether the operation is idempotent, which [`Error::is_retryable`] takes into account; not
    /// by default.
    pub fn idempotent(mut self, is_idempotent: bool) -> Self {
        self.error = self.error.with_idempotent(is_idempotent);
        self
    }

    /// Sets the number of attempts, and the time from the start of the call.
    pub fn effort(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.error = self.error.with_effort(attempts, elapsed);
        self
    }

    /// Sets the class that [`Error::error_type`] returns, such as `certificate`.
    pub fn error_type(mut self, class: &'static str) -> Self {
        self.error = self.error.with_class(class);
        self
    }

    /// Returns the error.
    pub fn build(self) -> Error {
        let error = self.error;
        let is_deferred = error.status() == Some(StatusCode::SERVICE_UNAVAILABLE)
            && error.retry_after().is_some()
            && error.has_api_error();
        error.with_unprocessed(is_deferred)
    }
}
