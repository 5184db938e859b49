//! What an attempt's outcome means.

use std::any::Any;
use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};

use super::Pipeline;
use super::operation::{Need, Operation};
use super::response::RawResponse;
use crate::error::{Error, ErrorKind};
use crate::skewed_clock;

/// A refusal in the system's own shape.
pub(crate) struct ParsedError {
    /// The typed error of the system.
    pub(crate) typed: Box<dyn Any + Send + Sync>,
    pub(crate) code: Option<String>,
    pub(crate) request_id: Option<String>,
    /// Whether it says that the session's token is not accepted.
    pub(crate) names_token: bool,
    /// What the caller should do, where the status alone does not say it.
    pub(crate) kind: Option<ErrorKind>,
}

/// A failed attempt.
pub(crate) struct AttemptError {
    pub(crate) error: Error,
    pub(crate) status: Option<StatusCode>,
}

pub(crate) enum Outcome {
    Success(RawResponse),
    /// The server does not accept the session's credential.
    SessionRejected(Error),
    AttemptError(AttemptError),
}

pub(crate) fn classify(
    pipeline: &Pipeline,
    operation: &Operation,
    carried_session: bool,
    sent: Result<RawResponse, Error>,
) -> Outcome {
    let response = match sent {
        Ok(response) if response.status.is_success() => return Outcome::Success(response),
        Ok(response) => response,
        Err(error) => {
            return Outcome::AttemptError(AttemptError {
                error,
                status: None,
            });
        }
    };
    let status = response.status;
    let api_error = pipeline
        .rules
        .parse_error(operation, status, &response.body);
    let names_token = api_error
        .as_ref()
        .is_some_and(|api_error| api_error.names_token);
    // A page comes from something in front of the server, which knows nothing of sessions.
    let is_page = response.body.trim_ascii_start().starts_with(b"<");
    let rejected = status == StatusCode::UNAUTHORIZED
        && !is_page
        && carried_session
        && operation.session != Need::Never
        && (!operation.carries_code || names_token);
    let retry_after = retry_after(&response.headers, pipeline.time.now());
    let kind = if rejected {
        ErrorKind::SignInAgain
    } else {
        api_error
            .as_ref()
            .and_then(|api_error| api_error.kind)
            .unwrap_or_else(|| kind_of(status))
    };
    let message = match &api_error {
        None if !response.body.trim_ascii().is_empty() => {
            format!("{} ({})", message(kind, status), response.description()).into()
        }
        _ => Cow::Borrowed(message(kind, status)),
    };
    let mut error = Error::new(kind, message)
        .with_status(status)
        .with_retry_after(retry_after)
        .with_request_id(request_id(&response.headers));
    if let Some(api_error) = api_error {
        let ParsedError {
            typed,
            code,
            request_id,
            ..
        } = api_error;
        error = error.with_api_error(typed, code.as_deref(), request_id.as_deref());
    } else if !response.body.is_empty() {
        error = error.with_body(&response.body);
    }
    if rejected {
        return Outcome::SessionRejected(error);
    }
    Outcome::AttemptError(AttemptError {
        error,
        status: Some(status),
    })
}

fn kind_of(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        408 | 500..=599 => ErrorKind::TryLater,
        429 => ErrorKind::SlowDown,
        100..=399 => ErrorKind::Undecodable,
        _ => ErrorKind::Refused,
    }
}

fn message(kind: ErrorKind, status: StatusCode) -> &'static str {
    match kind {
        ErrorKind::SignInAgain => "the server does not accept the session",
        ErrorKind::SlowDown => "the server asks for fewer requests",
        ErrorKind::TryLater => "the server failed",
        ErrorKind::StepRequired => "the server asks for another step first",
        ErrorKind::Undecodable if status.is_redirection() => {
            "the server redirects, which is not followed"
        }
        ErrorKind::Undecodable => "the server sent an unexpected status",
        ErrorKind::InvalidInput | ErrorKind::NotOffered | ErrorKind::Refused => {
            "the server refused"
        }
    }
}

/// `Retry-After`, in seconds or as a date. A date is compared with the time at the server, where
/// the answer tells it.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = DateTime::parse_from_rfc2822(value).ok()?.to_utc();
    let now = skewed_clock::date(headers).unwrap_or(now);
    Some((then - now).to_std().unwrap_or(Duration::ZERO))
}

/// The id under which the vendor or its gateway can find the request, where a header gives it.
fn request_id(headers: &HeaderMap) -> Option<&str> {
    ["x-request-id", "x-correlation-id"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
}
