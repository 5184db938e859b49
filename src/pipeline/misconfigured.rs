//! Refusals that only the operator of the back end can mend.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use url::Url;

use super::Pipeline;
use super::operation::{Need, Operation};
use super::response::RawResponse;
use crate::error::{Error, ErrorKind};
use crate::skewed_clock;

/// What the operator has to check: the class of a [`ErrorKind::Misconfigured`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misconfiguration {
    Signature,
    Application,
    Tenant,
    Path,
    Host,
}

/// Words by which a system says that it is not used as it is configured, from `x-misconfigured` of
/// its description.
#[derive(Debug)]
pub(crate) struct Refusal {
    class: Misconfiguration,
    /// The status, or 0 for any 4xx.
    status: u64,
    /// The member of the body that holds the word; empty for a response that is not in the system's
    /// format.
    member: &'static str,
    /// The text of the member; its start if it ends with `*`.
    word: &'static str,
    /// Whether the words were seen at the system, so that a signature may be made again.
    published: bool,
}

impl Refusal {
    pub(crate) const fn new(
        class: Misconfiguration,
        status: u64,
        member: &'static str,
        word: &'static str,
        published: bool,
    ) -> Self {
        Self {
            class,
            status,
            member,
            word,
            published,
        }
    }

    fn matches(&self, operation: &Operation, status: StatusCode, body: Option<&Value>) -> bool {
        let signed = operation.signature != Need::Never || operation.application != Need::Never;
        let word = match body {
            Some(body) if !self.member.is_empty() => body[self.member].as_str(),
            None if self.member.is_empty() => Some(""),
            _ => None,
        };
        let is_word = word.is_some_and(|word| match self.word.strip_suffix('*') {
            Some(start) => word.starts_with(start),
            None => word == self.word,
        });
        let is_status = self.status == 0 || self.status == u64::from(status.as_u16());
        is_word && is_status && (signed || self.class != Misconfiguration::Signature)
    }
}

/// What is wrong, and whether and as of when the request may be signed again.
pub(super) struct Diagnosis {
    pub(super) class: &'static str,
    pub(super) message: Cow<'static, str>,
    pub(super) sign_at: Option<DateTime<Utc>>,
}

/// Tells whether the words of a 4xx stand in the description as a refusal that only the operator can
/// mend. `is_own` says whether the response is in the system's own format.
pub(super) fn diagnose(
    pipeline: &Pipeline,
    operation: &Operation,
    response: &RawResponse,
    is_own: bool,
) -> Option<Diagnosis> {
    let (status, headers) = (response.status(), response.headers());
    if !status.is_client_error() || operation.misconfigured.is_empty() {
        return None;
    }
    let body = is_own.then(|| serde_json::from_slice(response.body()).ok());
    let body: Option<Value> = body.flatten();
    let mut refusals = operation.misconfigured.iter();
    let refusal = refusals.find(|refusal| refusal.matches(operation, status, body.as_ref()))?;
    let skew = Skew::of(pipeline, headers);
    let (class, message): (_, Cow<'static, str>) = match refusal.class {
        Misconfiguration::Signature => match skew.text() {
            Some(skew) => (
                "clock",
                format!("signature rejected: check `signing_key`, or this machine's clock, {skew}")
                    .into(),
            ),
            None => (
                "signature",
                "signature rejected: check `signing_key`, and this machine's clock".into(),
            ),
        },
        Misconfiguration::Application => (
            "application",
            "application rejected: check the id and the token of the application".into(),
        ),
        Misconfiguration::Tenant => (
            "tenant",
            "tenant or path not found: check `tenant`, and whether `base_url` is its gateway"
                .into(),
        ),
        Misconfiguration::Path => (
            "path",
            "path not found: check `base_url`, the server does not have this endpoint".into(),
        ),
        Misconfiguration::Host => (
            "host",
            "host rejected: check the host of `base_url`, and the name of the application".into(),
        ),
    };
    let may_sign_again = refusal.published && refusal.class == Misconfiguration::Signature;
    Some(Diagnosis {
        class,
        message,
        sign_at: skew
            .server_time
            .filter(|_| may_sign_again && skew.is_correctable),
    })
}

/// How far this machine's clock is from the `Date` of a response.
struct Skew {
    server_time: Option<DateTime<Utc>>,
    seconds: u64,
    is_correctable: bool,
}

impl Skew {
    fn of(pipeline: &Pipeline, headers: &HeaderMap) -> Self {
        let server_time = skewed_clock::date(headers);
        let skew = server_time.map(|date| pipeline.time.local_now() - date);
        let seconds = skew.map_or(0, |skew| skew.num_seconds().unsigned_abs());
        let limit = pipeline.settings.max_clock_correction;
        let is_correctable = Duration::from_secs(seconds) <= limit;
        Self {
            server_time,
            seconds,
            is_correctable: is_correctable && !limit.is_zero(),
        }
    }

    /// The difference, unless it is no more than what a network or a rounded `Date` causes.
    fn text(&self) -> Option<String> {
        let seconds = self.seconds;
        let amount = match seconds {
            0..60 => return None,
            60..3_570 => format!("{} min", (seconds + 30) / 60),
            3_570..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
            _ => format!("{} days", (seconds + 43_200) / 86_400),
        };
        Some(format!("which is {amount} off"))
    }
}

/// The error for a redirect, which is not followed: a credential must not reach another host.
pub(super) fn redirected(requested: &Url, headers: &HeaderMap) -> Error {
    let location = headers.get(header::LOCATION);
    let target = location
        .and_then(|location| location.to_str().ok())
        .and_then(|location| requested.join(location).ok());
    let host = target.as_ref().and_then(Url::host_str);
    let message = format!(
        "the server redirects to {}, and redirects are not followed: check `base_url`",
        host.unwrap_or("no host")
    );
    Error::new(ErrorKind::Misconfigured, message).with_class("redirect")
}

/// The error for a redirect to `target` that a custom HTTP client has followed.
pub(super) fn followed_redirect(target: Option<&Url>) -> Error {
    let message = format!(
        "the custom HTTP client followed a redirect to {}: it must follow none; check `base_url`",
        target.and_then(Url::host_str).unwrap_or("no host")
    );
    Error::new(ErrorKind::Misconfigured, message).with_class("redirect")
}
