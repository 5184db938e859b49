//! What an attempt's outcome means.

use std::any::Any;
use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};

use super::Road;
use super::operation::{Need, Operation};
use super::response::Answer;
use crate::error::{Error, ErrorKind};
use crate::server_time;

/// A refusal in the system's own shape.
pub(crate) struct Refusal {
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
pub(crate) struct Fault {
    pub(crate) error: Error,
    pub(crate) status: Option<StatusCode>,
}

pub(crate) enum Outcome {
    Success(Answer),
    /// The server does not accept the session's credential.
    SessionRejected(Error),
    Fault(Fault),
}

pub(crate) fn classify(
    road: &Road,
    operation: &Operation,
    carried_session: bool,
    sent: Result<Answer, Error>,
) -> Outcome {
    let answer = match sent {
        Ok(answer) if answer.status.is_success() => return Outcome::Success(answer),
        Ok(answer) => answer,
        Err(error) => {
            return Outcome::Fault(Fault {
                error,
                status: None,
            });
        }
    };
    let status = answer.status;
    let refusal = road.rules.read_refusal(operation, status, &answer.body);
    let names_token = refusal.as_ref().is_some_and(|refusal| refusal.names_token);
    // A page comes from something in front of the server, which knows nothing of sessions.
    let is_page = answer.body.trim_ascii_start().starts_with(b"<");
    let rejected = status == StatusCode::UNAUTHORIZED
        && !is_page
        && carried_session
        && operation.session != Need::Never
        && (!operation.carries_code || names_token);
    let retry_after = retry_after(&answer.headers, road.time.now());
    let kind = if rejected {
        ErrorKind::SignInAgain
    } else {
        refusal
            .as_ref()
            .and_then(|refusal| refusal.kind)
            .unwrap_or_else(|| kind_of(status))
    };
    let message = match &refusal {
        None if !answer.body.trim_ascii().is_empty() => {
            format!("{} ({})", message(kind, status), answer.description()).into()
        }
        _ => Cow::Borrowed(message(kind, status)),
    };
    let mut error = Error::new(kind, message)
        .with_status(status)
        .with_retry_after(retry_after)
        .with_request_id(request_id(&answer.headers));
    if let Some(refusal) = refusal {
        let Refusal {
            typed,
            code,
            request_id,
            ..
        } = refusal;
        error = error.with_refusal(typed, code.as_deref(), request_id.as_deref());
    } else if !answer.body.is_empty() {
        error = error.with_body(&answer.body);
    }
    if rejected {
        return Outcome::SessionRejected(error);
    }
    Outcome::Fault(Fault {
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
    let now = server_time::date(headers).unwrap_or(now);
    Some((then - now).to_std().unwrap_or(Duration::ZERO))
}

/// The id under which the vendor or its gateway can find the request, where a header gives it.
fn request_id(headers: &HeaderMap) -> Option<&str> {
    ["x-request-id", "x-correlation-id"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
}
