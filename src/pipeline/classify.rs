//! The error that a response means.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};

use super::Pipeline;
use super::misconfigured::{diagnose, proxy_refused, redirected};
use super::operation::{Need, Operation};
use super::response::RawResponse;
use super::session_end::verdict;
use super::success::says_no;
use super::system::{CredentialGeneration, ParsedError};
use crate::error::{CredentialVerdict, Error, ErrorKind};
use crate::{http_date, skewed_clock};

/// The wait for a `Retry-After` that cannot be read: the server asks for patience, and does not say
/// how much.
const UNREADABLE_WAIT: Duration = Duration::from_secs(5);

/// The error of a failed attempt.
pub(crate) struct AttemptError {
    pub(crate) error: Error,
    /// The session credential that the attempt carried, if the server rejected it.
    pub(crate) rejected: Option<CredentialGeneration>,
    /// The server's time, if the system's published words refuse the signature or its timestamp: with
    /// a signature of that time the request may succeed.
    pub(crate) sign_at: Option<DateTime<Utc>>,
}

impl AttemptError {
    /// Whether the server may have done what was asked for, although its response is a failure.
    pub(crate) fn may_have_effect(&self) -> bool {
        self.rejected.is_none() && self.sign_at.is_none() && !self.error.is_unprocessed()
    }
}

impl From<Error> for AttemptError {
    fn from(error: Error) -> Self {
        Self {
            error,
            rejected: None,
            sign_at: None,
        }
    }
}

/// Tells whether a response is a success, and makes an error of any other one. Only a success changes
/// the credential of a session.
///
/// `generation` is the session credential that the attempt carried, `signed_at` the time of its
/// signature.
pub(crate) fn judge(
    pipeline: &Pipeline,
    operation: &Operation,
    generation: Option<CredentialGeneration>,
    signed_at: DateTime<Utc>,
    response: RawResponse,
) -> Result<RawResponse, AttemptError> {
    if !response.status().is_success() {
        let failed = classify(pipeline, operation, generation, signed_at, response);
        return Err(failed);
    }
    // A page comes from a proxy or gateway, and bytes in a coding that was not asked for could be
    // taken for text.
    if response.is_page() || response.is_coded() {
        let error = response.invalid_response();
        return Err(error.with_request_id(request_id(response.headers())).into());
    }
    if says_no(operation, &response) {
        return Err(classify_denial(pipeline, operation, &response));
    }
    Ok(response)
}

/// Converts a response without a success status into an error.
fn classify(
    pipeline: &Pipeline,
    operation: &Operation,
    generation: Option<CredentialGeneration>,
    signed_at: DateTime<Utc>,
    response: RawResponse,
) -> AttemptError {
    let (status, headers) = (response.status(), response.headers());
    if status.is_redirection() && headers.contains_key(header::LOCATION) {
        let error = redirected(pipeline.base.url(), headers);
        return error
            .with_status(status)
            .with_request_id(request_id(headers))
            .into();
    }
    if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        // The request has not reached the server.
        return proxy_refused()
            .with_status(status)
            .with_unprocessed(true)
            .into();
    }
    let api_error = pipeline.rules.parse_error(operation, &response);
    let is_own = api_error.is_some();
    let verdict = verdict(operation, &response, is_own);
    let names_token = verdict == CredentialVerdict::Ended;
    // A proxy or gateway, which sends pages, knows nothing of sessions. The 401 of an operation that
    // carries a code is about the code.
    let is_page = response.is_page();
    let is_unauthorized = status == StatusCode::UNAUTHORIZED && !operation.carries_code;
    let rejects_session =
        operation.session != Need::Never && (names_token || (is_unauthorized && !is_page));
    let diagnosis = diagnose(pipeline, operation, signed_at, &response, is_own);
    // A server that refuses the application or the signature has not looked at the session.
    let rejected = generation.filter(|_| rejects_session && diagnosis.is_none());
    let kind = match (&diagnosis, rejected) {
        (Some(_), _) => ErrorKind::Misconfigured,
        (None, Some(_)) => ErrorKind::Unauthenticated,
        (None, None) if is_unauthorized && is_page && generation.is_some() => {
            ErrorKind::Unauthenticated
        }
        (None, None) => api_error
            .as_ref()
            .and_then(|api_error| api_error.kind)
            .unwrap_or_else(|| kind_of(status)),
    };
    // The system's code may name another cause, and a registration carries a password of its own.
    let names_no_cause = api_error.as_ref().is_some_and(|it| it.code.is_none());
    let is_about_code = operation.carries_code && !operation.sends_message && names_no_cause;
    let own = api_error.as_ref().and_then(|api_error| api_error.message);
    let (now, max_wait) = (pipeline.time.now(), pipeline.settings.max_server_wait);
    let retry_after = retry_after(headers, now, max_wait);
    let is_deferred = status == StatusCode::SERVICE_UNAVAILABLE && retry_after.is_some() && is_own;
    let is_elsewhere = diagnosis.as_ref().is_some_and(|it| it.is_unprocessed);
    let (class, sign_at, message) = match (diagnosis, own) {
        (Some(found), _) => (Some(found.class), found.sign_at, found.message),
        (None, Some(own)) if kind == ErrorKind::Rejected => (None, None, own.into()),
        (None, None) if rejected.is_some() && !names_token => {
            let message =
                "the server refused the call as unauthenticated, without ending the session";
            (None, None, message.into())
        }
        (None, _) => (None, None, message(kind, &response, is_own, is_about_code)),
    };
    let mut error = Error::new(kind, message)
        .with_status(status)
        .with_credential_verdict(verdict)
        .with_retry_after(retry_after)
        .with_unprocessed(is_deferred || is_elsewhere)
        .with_request_id(request_id(headers));
    if let Some(class) = class {
        error = error.with_class(class);
    }
    AttemptError {
        error: with_details(error, api_error, &response),
        rejected,
        sign_at,
    }
}

/// Converts a response with a success status, whose body says that it is none, into an error. The
/// server has processed the request, so it is not sent again, and no session ends.
fn classify_denial(
    pipeline: &Pipeline,
    operation: &Operation,
    response: &RawResponse,
) -> AttemptError {
    let (status, headers) = (response.status(), response.headers());
    let api_error = pipeline.rules.parse_error(operation, response);
    let names_cause = api_error.as_ref().is_some_and(|it| it.code.is_some());
    let is_about_code = operation.carries_code && !operation.sends_message && !names_cause;
    let own = api_error.as_ref().and_then(|api_error| api_error.message);
    let message = match own {
        Some(own) => own.into(),
        None => message(ErrorKind::Rejected, response, true, is_about_code),
    };
    let error = Error::new(ErrorKind::Rejected, message)
        .with_status(status)
        .with_request_id(request_id(headers));
    with_details(error, api_error, response).into()
}

/// Adds the system's own error, or else the body.
fn with_details(error: Error, api_error: Option<ParsedError>, response: &RawResponse) -> Error {
    match api_error {
        Some(ParsedError {
            typed,
            code,
            is_public_code,
            request_id,
            ..
        }) => error
            .with_api_error(typed, code.as_deref(), request_id.as_deref())
            .with_public_code(is_public_code),
        None if response.body().is_empty() => error,
        None => error.with_body(response.body()),
    }
}

fn kind_of(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        408 | 500..=599 => ErrorKind::Unavailable,
        429 => ErrorKind::RateLimited,
        100..=399 => ErrorKind::InvalidResponse,
        _ => ErrorKind::Rejected,
    }
}

/// What the error says, with the length and type of a body that is not in the system's format.
fn message(
    kind: ErrorKind,
    response: &RawResponse,
    is_own: bool,
    is_about_code: bool,
) -> Cow<'static, str> {
    let message = match kind {
        ErrorKind::Unauthenticated => "the server rejected the session",
        ErrorKind::RateLimited => "the server limits the rate of requests",
        ErrorKind::Unavailable => "the server failed",
        ErrorKind::StepRequired => "the server requires another step first",
        ErrorKind::InvalidResponse => "the server sent an unexpected status",
        ErrorKind::Rejected if is_about_code => "code or password not accepted",
        ErrorKind::InvalidInput
        | ErrorKind::Unsupported
        | ErrorKind::Misconfigured
        | ErrorKind::Rejected => "the server refused the request",
    };
    if is_own || response.body().trim_ascii().is_empty() {
        message.into()
    } else {
        format!("{message} ({})", response.description()).into()
    }
}

/// The wait that `Retry-After` asks for, at most `max`: the longest of several.
pub(crate) fn retry_after(
    headers: &HeaderMap,
    now: DateTime<Utc>,
    max: Duration,
) -> Option<Duration> {
    let values = headers.get_all(header::RETRY_AFTER).iter();
    let waits = values.map(|value| {
        let text = value.to_str().unwrap_or_default().trim_ascii();
        let wait = seconds(text).or_else(|| until(text, headers, now));
        wait.unwrap_or(UNREADABLE_WAIT)
    });
    Some(waits.max()?.min(max))
}

/// A number of seconds, or several in a list, of which the longest counts. A fraction is rounded up.
fn seconds(text: &str) -> Option<Duration> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let waits = text.split(',').map(|number| {
        let (whole, fraction) = number.trim_ascii().split_once('.').unwrap_or((number, "0"));
        let whole = whole.trim_ascii();
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let started = u64::from(fraction.bytes().any(|digit| digit != b'0'));
        // A number of digits alone fails only because it is too large.
        Some(whole.parse().unwrap_or(u64::MAX).saturating_add(started))
    });
    let longest = waits.collect::<Option<Vec<u64>>>()?.into_iter().max()?;
    Some(Duration::from_secs(longest))
}

/// The time to a date. It is compared with the `Date` of the response, where it has one, because both
/// come from one clock.
fn until(text: &str, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let then = http_date::parse(text)?;
    let now = skewed_clock::date(headers).unwrap_or(now);
    Some((then - now).to_std().unwrap_or(Duration::ZERO))
}

/// The request id that the vendor or its gateway put in a header.
fn request_id(headers: &HeaderMap) -> Option<&str> {
    ["x-request-id", "x-correlation-id"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
}
