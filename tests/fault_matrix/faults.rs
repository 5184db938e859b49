//! Every fault, and what the policy promises about it for an operation of each kind.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use vestibule::testing::{Fault, FaultRule};
use vestibule::{Delivery, ErrorKind};

/// What the documents say about an operation, as far as faults are concerned.
#[derive(Clone, Copy)]
pub struct Facts {
    pub is_idempotent: bool,
    pub sends_message: bool,
    pub carries_code: bool,
    /// Whether it was called with a session's credential.
    pub with_session: bool,
    /// Whether the system can renew that.
    pub renewable: bool,
    /// Whether its success has a body.
    pub has_body: bool,
}

/// What must come of a call.
pub struct Promise {
    /// How many connections the server sees for the operation.
    pub attempts: usize,
    /// How many of its requests arrive whole.
    pub arrived: usize,
    /// The kind of error and what it says of delivery; none for a success.
    pub error: Option<(ErrorKind, Delivery)>,
    /// Each wait that is asked for.
    pub waits: Vec<RangeInclusive<Duration>>,
    /// What the error says about when to come back.
    pub retry_after: Option<RangeInclusive<Duration>>,
}

/// Where the fault lies.
pub enum Place {
    Proxy(Fault),
    RefusingPort,
    Tls,
    /// Another host that must never be called.
    Elsewhere,
}

/// How an answer to a request ends a call.
enum Effect {
    /// It surely did not reach the server.
    NotSent,
    /// It may have, and this many of each attempt's requests arrive whole.
    Unanswered(usize),
    /// A status that is repeated if that is safe.
    RefreshState(ErrorKind),
    /// Too many requests.
    Throttled(RetryAfter),
    /// Unavailable.
    Unavailable(RetryAfter),
    /// It was answered, and what came is not what the operation's type can read.
    Unreadable,
    /// Unreadable where a body is expected, and of no interest where none is.
    BodySpoilt,
    Refused,
    /// The session is not accepted.
    Unauthorised,
    Fine,
}

#[derive(Clone, Copy)]
enum RetryAfter {
    None,
    Seconds(u64),
    /// At a date this far away.
    Date(u64),
}

pub struct Case {
    pub name: &'static str,
    pub place: Place,
    /// Whether the fault strikes the first attempt alone.
    pub once: bool,
    /// Whether the attempt's timeout must be short.
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
        place: Place::Proxy(fault),
        once: false,
        stalls,
        effect,
    }
}

fn at(name: &'static str, place: Place, effect: Effect) -> Case {
    Case {
        place,
        ..case(name, Fault::status(500), effect)
    }
}

/// The HTTP date in so many seconds.
fn date_in(seconds: i64) -> String {
    let date = Utc::now() + TimeDelta::seconds(seconds);
    date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub fn all() -> Vec<Case> {
    use Effect::*;
    let later = ErrorKind::TryLater;
    let limited = |retry_after: &str| Fault::status_with_retry_after(429, retry_after);
    let unavailable = |retry_after: &str| Fault::status_with_retry_after(503, retry_after);
    let once = |case: Case| Case { once: true, ..case };
    vec![
        at("connection refused", Place::RefusingPort, NotSent),
        at("TLS failure", Place::Tls, NotSent),
        case(
            "reset before the request",
            Fault::ResetBeforeRequest,
            Unanswered(0),
        ),
        case(
            "reset during the request",
            Fault::ResetDuringRequest,
            Unanswered(0),
        ),
        case(
            "reset after the request",
            Fault::ResetAfterRequest,
            Unanswered(1),
        ),
        once(case(
            "reset after the request, once",
            Fault::ResetAfterRequest,
            Unanswered(1),
        )),
        case("silence", Fault::Silence, Unanswered(1)),
        case(
            "stall before the head",
            Fault::StallBeforeHead,
            Unanswered(1),
        ),
        case("stall in the body", Fault::StallMidBody, Unanswered(1)),
        case("half a body", Fault::HalfBody, Unanswered(1)),
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
        at("302 to another host", Place::Elsewhere, Unreadable),
        case("401", Fault::status(401), Unauthorised),
        case("403", Fault::status(403), Refused),
        case("408", Fault::status(408), RefreshState(later)),
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
        case("500", Fault::LateStatus(500), RefreshState(later)),
        case("502", Fault::LateStatus(502), RefreshState(later)),
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
        case("504", Fault::LateStatus(504), RefreshState(later)),
    ]
}

/// How often a request that may be repeated is sent, and the longest backoffs between.
const ATTEMPTS: usize = 3;
const BACKOFFS: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(400)];

/// The deadline of the calls; a longer wait is not begun.
pub const DEADLINE: Duration = Duration::from_secs(1_000);

impl Case {
    /// The rule that brings the fault about, for an operation of this path.
    pub fn rule(&self, fault: &Fault, path: &str) -> FaultRule {
        let blind = matches!(fault, Fault::ResetBeforeRequest | Fault::ResetDuringRequest);
        let rule = FaultRule::new(fault.clone());
        let rule = if blind { rule } else { rule.on(path) };
        if self.once { rule.times(1) } else { rule }
    }

    pub fn promise(&self, facts: Facts) -> Promise {
        let delicate = facts.sends_message || facts.carries_code;
        let once = || Promise {
            attempts: 1,
            arrived: 1,
            error: None,
            waits: Vec::new(),
            retry_after: None,
        };
        let answered = |kind| Some((kind, Delivery::Responded));
        let failing = |kind| Promise {
            error: answered(kind),
            ..once()
        };
        match &self.effect {
            Effect::NotSent => Promise {
                arrived: 0,
                error: Some((ErrorKind::TryLater, Delivery::NotSent)),
                ..self.repeated(once(), true, RetryAfter::None)
            },
            Effect::Unanswered(whole) => {
                let promise = Promise {
                    error: Some((ErrorKind::TryLater, Delivery::Unknown)),
                    ..once()
                };
                let promise = self.repeated(promise, facts.is_idempotent, RetryAfter::None);
                Promise {
                    arrived: promise.attempts * whole,
                    ..promise
                }
            }
            Effect::RefreshState(kind) => {
                self.repeated(failing(*kind), facts.is_idempotent, RetryAfter::None)
            }
            Effect::Throttled(after) => {
                self.repeated(failing(ErrorKind::SlowDown), !facts.carries_code, *after)
            }
            Effect::Unavailable(after) => {
                let says_when = !matches!(after, RetryAfter::None);
                let may = facts.is_idempotent || (says_when && !delicate);
                self.repeated(failing(ErrorKind::TryLater), may, *after)
            }
            Effect::Unreadable => failing(ErrorKind::Undecodable),
            Effect::BodySpoilt if facts.has_body => failing(ErrorKind::Undecodable),
            Effect::BodySpoilt | Effect::Fine => once(),
            Effect::Refused => failing(ErrorKind::Refused),
            Effect::Unauthorised if !facts.with_session || facts.carries_code => {
                failing(ErrorKind::Refused)
            }
            Effect::Unauthorised => {
                // The token is renewed, and the request replayed once.
                let attempts = if facts.renewable { 2 } else { 1 };
                Promise {
                    attempts,
                    arrived: attempts,
                    ..failing(ErrorKind::SignInAgain)
                }
            }
        }
    }

    /// The same with repeats, if the operation `may` be repeated and the wait fits the deadline.
    fn repeated(&self, promise: Promise, may: bool, after: RetryAfter) -> Promise {
        let retry_after = match after {
            RetryAfter::None => None,
            RetryAfter::Seconds(seconds) => Some(seconds..=seconds),
            // The date has whole seconds, and the test takes its time.
            RetryAfter::Date(seconds) => Some(seconds / 3..=seconds),
        };
        let retry_after = retry_after.map(|seconds| {
            let (earliest, latest) = seconds.into_inner();
            Duration::from_secs(earliest)..=Duration::from_secs(latest)
        });
        let fits = retry_after
            .as_ref()
            .is_none_or(|wait| *wait.end() < DEADLINE);
        let promise = Promise {
            retry_after: retry_after.clone(),
            ..promise
        };
        if !may || !fits {
            return promise;
        }
        let wait = |backoff: &Duration| match &retry_after {
            Some(floor) => *floor.start()..=*floor.end().max(backoff),
            None => Duration::ZERO..=*backoff,
        };
        let (attempts, error) = if self.once {
            (2, None)
        } else {
            (ATTEMPTS, promise.error)
        };
        Promise {
            attempts,
            arrived: attempts,
            error,
            waits: BACKOFFS[..attempts - 1].iter().map(wait).collect(),
            ..promise
        }
    }
}
