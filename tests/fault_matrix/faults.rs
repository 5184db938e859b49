//! Every fault, and the outcome that the policy requires for an operation of each kind.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use vestibule::testing::{Fault, FaultRule};
use vestibule::{Delivery, ErrorKind};

/// Properties of an operation that affect its retries.
#[derive(Clone, Copy)]
pub struct Facts {
    pub is_idempotent: bool,
    pub sends_message: bool,
    pub carries_code: bool,
    /// Whether the call carries a session's credential.
    pub with_session: bool,
    /// Whether the system can refresh that credential.
    pub refreshable: bool,
    /// Whether its success has a body.
    pub has_body: bool,
}

/// The expected outcome of a call.
pub struct Expected {
    /// Connections that the server sees for the operation.
    pub attempts: usize,
    /// Requests that the server receives completely.
    pub arrived: usize,
    /// The kind of error and its delivery; `None` for a success.
    pub error: Option<(ErrorKind, Delivery)>,
    /// The requested sleeps.
    pub waits: Vec<RangeInclusive<Duration>>,
    /// The error's retry hint.
    pub retry_after: Option<RangeInclusive<Duration>>,
}

/// Where the fault is injected.
pub enum Location {
    Proxy(Fault),
    RefusingPort,
    Tls,
    /// Another host, which must never be called.
    OtherHost,
}

/// How the fault ends an attempt.
enum Effect {
    /// The request certainly did not reach the server.
    NotSent,
    /// The request may have reached the server; this many requests of each attempt arrive
    /// completely.
    NoResponse(usize),
    /// A status that is retried if the operation is idempotent.
    Transient(ErrorKind),
    /// Too many requests.
    Throttled(RetryAfter),
    /// Unavailable.
    Unavailable(RetryAfter),
    /// The response cannot be decoded as the operation's type.
    Unreadable,
    /// InvalidResponse where a body is expected, ignored where none is.
    BodySpoilt,
    /// Only the operator can mend the cause.
    Misconfigured,
    Refused,
    /// The server rejects the session.
    Unauthorised,
    Fine,
}

#[derive(Clone, Copy)]
enum RetryAfter {
    None,
    /// It is this many seconds, as the client reads it.
    Seconds(u64),
    /// A date this many seconds ahead.
    Date(u64),
}

pub struct Case {
    pub name: &'static str,
    pub place: Location,
    /// Whether the fault applies only to the first attempt.
    pub once: bool,
    /// Whether the attempt timeout must be short.
    pub stalls: bool,
    effect: Effect,
}

fn case(name: &'static str, fault: Fault, effect: Effect) -> Case {
    let stalls = matches!(
        fault,
        Fault::Silence | Fault::StallBeforeHead | Fault::StallMidBody
    );
    Case {
        name,
        place: Location::Proxy(fault),
        once: false,
        stalls,
        effect,
    }
}

fn at(name: &'static str, place: Location, effect: Effect) -> Case {
    Case {
        place,
        ..case(name, Fault::status(500), effect)
    }
}

/// The HTTP date `seconds` from now.
fn date_in(seconds: i64) -> String {
    let date = Utc::now() + TimeDelta::seconds(seconds);
    date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub fn all() -> Vec<Case> {
    use Effect::*;
    let later = ErrorKind::Unavailable;
    let limited = |retry_after: &str| Fault::status_with_retry_after(429, retry_after);
    let unavailable = |retry_after: &str| Fault::status_with_retry_after(503, retry_after);
    let once = |case: Case| Case { once: true, ..case };
    vec![
        at("connection refused", Location::RefusingPort, NotSent),
        at("TLS failure", Location::Tls, NotSent),
        case(
            "reset before the request",
            Fault::ResetBeforeRequest,
            NoResponse(0),
        ),
        case(
            "reset during the request",
            Fault::ResetDuringRequest,
            NoResponse(0),
        ),
        case(
            "reset after the request",
            Fault::ResetAfterRequest,
            NoResponse(1),
        ),
        once(case(
            "reset after the request, once",
            Fault::ResetAfterRequest,
            NoResponse(1),
        )),
        case("silence", Fault::Silence, NoResponse(1)),
        case(
            "stall before the head",
            Fault::StallBeforeHead,
            NoResponse(1),
        ),
        case("stall in the body", Fault::StallMidBody, NoResponse(1)),
        case("half a body", Fault::HalfBody, NoResponse(1)),
        case(
            "wrong content length",
            Fault::WrongContentLength,
            BodySpoilt,
        ),
        case("wrong content type", Fault::WrongContentType, Fine),
        case("truncated JSON", Fault::TruncatedJson, BodySpoilt),
        case("HTML instead of JSON", Fault::HtmlInsteadOfJson, Unreadable),
        case("100 MB body", Fault::HugeBody(100_000_000), Unreadable),
        case("100 KB of headers", Fault::HugeHeaders(100_000), Unreadable),
        case(
            "gzip bomb of 100 MB",
            Fault::GzipBomb(100_000_000),
            Unreadable,
        ),
        at("302 to another host", Location::OtherHost, Misconfigured),
        case("401", Fault::status(401), Unauthorised),
        case("403", Fault::status(403), Refused),
        case("408", Fault::status(408), Transient(later)),
        case("429", Fault::status(429), Throttled(RetryAfter::None)),
        case(
            "429, retry after 7 s",
            limited("7"),
            Throttled(RetryAfter::Seconds(7)),
        ),
        case(
            "429, retry after an hour",
            limited("3600"),
            Throttled(RetryAfter::Seconds(3600)),
        ),
        case(
            "429, retry at a date",
            limited(&date_in(900)),
            Throttled(RetryAfter::Date(900)),
        ),
        case(
            "429, retry after a day",
            limited("86400"),
            Throttled(RetryAfter::Seconds(3_600)),
        ),
        case(
            "429, retry after a word",
            limited("later"),
            Throttled(RetryAfter::Seconds(5)),
        ),
        case("500", Fault::LateStatus(500), Transient(later)),
        case("502", Fault::LateStatus(502), Transient(later)),
        case("503", Fault::status(503), Unavailable(RetryAfter::None)),
        once(case(
            "503, once",
            Fault::status(503),
            Unavailable(RetryAfter::None),
        )),
        case(
            "503, retry after 2 s",
            unavailable("2"),
            Unavailable(RetryAfter::Seconds(2)),
        ),
        case("504", Fault::LateStatus(504), Transient(later)),
    ]
}

/// Attempts of a retried request, and the upper bounds of the backoffs between them.
const ATTEMPTS: usize = 3;
const BACKOFFS: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(400)];

/// The deadline of the calls; a longer wait is not started.
pub const DEADLINE: Duration = Duration::from_secs(1_000);

impl Case {
    /// The proxy rule for the fault, for an operation of this path.
    pub fn rule(&self, fault: &Fault, path: &str) -> FaultRule {
        let blind = matches!(fault, Fault::ResetBeforeRequest | Fault::ResetDuringRequest);
        let rule = FaultRule::new(fault.clone());
        let rule = if blind { rule } else { rule.on(path) };
        if self.once { rule.times(1) } else { rule }
    }

    pub fn expected(&self, facts: Facts) -> Expected {
        let once = || Expected {
            attempts: 1,
            arrived: 1,
            error: None,
            waits: Vec::new(),
            retry_after: None,
        };
        let answered = |kind| Some((kind, Delivery::Responded));
        let failing = |kind| Expected {
            error: answered(kind),
            ..once()
        };
        match &self.effect {
            Effect::NotSent => Expected {
                arrived: 0,
                error: Some((ErrorKind::Unavailable, Delivery::NotSent)),
                ..self.retried(once(), true, RetryAfter::None)
            },
            Effect::NoResponse(whole) => {
                let expected = Expected {
                    error: Some((ErrorKind::Unavailable, Delivery::Unknown)),
                    ..once()
                };
                let expected = self.retried(expected, facts.is_idempotent, RetryAfter::None);
                Expected {
                    arrived: expected.attempts * whole,
                    ..expected
                }
            }
            Effect::Transient(kind) => {
                self.retried(failing(*kind), facts.is_idempotent, RetryAfter::None)
            }
            Effect::Throttled(after) => {
                let once = facts.carries_code || facts.sends_message;
                self.retried(failing(ErrorKind::RateLimited), !once, *after)
            }
            Effect::Unavailable(after) => {
                // The response has no body, so it is not the system's own.
                let may = facts.is_idempotent;
                self.retried(failing(ErrorKind::Unavailable), may, *after)
            }
            Effect::Unreadable => failing(ErrorKind::InvalidResponse),
            Effect::BodySpoilt if facts.has_body => failing(ErrorKind::InvalidResponse),
            Effect::BodySpoilt | Effect::Fine => once(),
            Effect::Misconfigured => failing(ErrorKind::Misconfigured),
            Effect::Refused => failing(ErrorKind::Rejected),
            Effect::Unauthorised if !facts.with_session || facts.carries_code => {
                failing(ErrorKind::Rejected)
            }
            Effect::Unauthorised => {
                // The token is refreshed, and the request replayed once.
                let attempts = if facts.refreshable { 2 } else { 1 };
                Expected {
                    attempts,
                    arrived: attempts,
                    ..failing(ErrorKind::Unauthenticated)
                }
            }
        }
    }

    /// The same with retries, if the operation `may` be retried and the wait fits the deadline.
    fn retried(&self, expected: Expected, may: bool, after: RetryAfter) -> Expected {
        let retry_after = match after {
            RetryAfter::None => None,
            RetryAfter::Seconds(seconds) => Some(seconds..=seconds),
            // The date has whole seconds, and the test itself takes time.
            RetryAfter::Date(seconds) => Some(seconds / 3..=seconds),
        };
        let retry_after = retry_after.map(|seconds| {
            let (earliest, latest) = seconds.into_inner();
            Duration::from_secs(earliest)..=Duration::from_secs(latest)
        });
        let fits = retry_after
            .as_ref()
            .is_none_or(|wait| *wait.end() < DEADLINE);
        let expected = Expected {
            retry_after: retry_after.clone(),
            ..expected
        };
        if !may || !fits {
            return expected;
        }
        let wait = |backoff: &Duration| match &retry_after {
            Some(floor) => *floor.start()..=*floor.end().max(backoff),
            None => Duration::ZERO..=*backoff,
        };
        let (attempts, error) = if self.once {
            (2, None)
        } else {
            (ATTEMPTS, expected.error)
        };
        Expected {
            attempts,
            arrived: attempts,
            error,
            waits: BACKOFFS[..attempts - 1].iter().map(wait).collect(),
            ..expected
        }
    }
}
