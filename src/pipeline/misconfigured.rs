//! Refusals that only the operator of the back end can mend.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, StatusCode, header};
use url::Url;

use super::Pipeline;
use super::error_word::{Misconfiguration, MisconfigurationRule};
use super::operation::{Need, Operation};
use super::response::RawResponse;
use crate::error::{Error, ErrorKind};
use crate::skewed_clock;

/// `body` is the text of a response in the system's own format.
fn matches(
    rule: &MisconfigurationRule,
    operation: &Operation,
    status: StatusCode,
    body: Option<&str>,
) -> bool {
    let MisconfigurationRule { class, word, .. } = rule;
    let signed = operation.signature == Need::Required || operation.application != Need::Never;
    // What is missing may be the record that the path names, or that belongs to the code.
    let may_be_missing = match class {
        Misconfiguration::Tenant | Misconfiguration::Path => {
            has_parameter(&operation.path) || (word.member.is_empty() && operation.carries_code)
        }
        _ => false,
    };
    word.is_for(operation.id, status)
        && !may_be_missing
        && (signed || *class != Misconfiguration::Signature)
        && match body {
            Some(body) => !word.member.is_empty() && word.is_in(body),
            None => word.member.is_empty(),
        }
}

/// Whether a documented path has a parameter other than the tenant, with which some begin.
fn has_parameter(path: &str) -> bool {
    let mut segments = path.split('/');
    segments.any(|segment| segment.starts_with('{') && !segment.starts_with("{tenant"))
}

/// What is wrong, and whether and as of when the request may be signed again.
pub(super) struct Diagnosis {
    pub(super) class: &'static str,
    pub(super) message: Cow<'static, str>,
    pub(super) sign_at: Option<DateTime<Utc>>,
    /// Whether the server certainly did not look at what the request carries.
    pub(super) is_unprocessed: bool,
}

/// Tells whether the words of a 4xx stand in the description as a refusal that only the operator can
/// mend. `is_own` says whether the response is in the system's own format.
pub(super) fn diagnose(
    pipeline: &Pipeline,
    operation: &Operation,
    signed_at: DateTime<Utc>,
    response: &RawResponse,
    is_own: bool,
) -> Option<Diagnosis> {
    let (status, headers) = (response.status(), response.headers());
    // A page comes from a proxy or gateway, which knows nothing of the system's settings.
    if !status.is_client_error() || operation.misconfigured.is_empty() || response.is_page() {
        return None;
    }
    let body = is_own.then(|| response.text());
    let mut rules = operation.misconfigured.iter();
    let rule = rules.find(|rule| matches(rule, operation, status, body.as_deref()))?;
    let server_time = skewed_clock::date(headers);
    let skew = server_time.and_then(|date| skew_text(signed_at - date));
    let (class, message): (_, Cow<'static, str>) = match rule.class {
        Misconfiguration::Signature => match skew {
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
        Misconfiguration::Oauth => (
            "oauth",
            "the server refused this client, and not the token: check `tenant` and `base_url`"
                .into(),
        ),
    };
    let is_elsewhere = matches!(rule.class, Misconfiguration::Path | Misconfiguration::Host);
    let may_sign_again = rule.published && rule.class == Misconfiguration::Signature;
    Some(Diagnosis {
        class,
        message,
        is_unprocessed: rule.published || is_elsewhere,
        sign_at: server_time.filter(|date| may_sign_again && is_correctable(pipeline, *date)),
    })
}

/// Whether the server's time is within the limit by which this machine's clock is corrected.
fn is_correctable(pipeline: &Pipeline, server_time: DateTime<Utc>) -> bool {
    let limit = pipeline.settings.max_clock_correction;
    let skew = (pipeline.time.local_now() - server_time).abs();
    !limit.is_zero() && skew.to_std().is_ok_and(|skew| skew <= limit)
}

/// How far a signed time was off, unless that is no more than a network or a rounded `Date` causes.
fn skew_text(skew: TimeDelta) -> Option<String> {
    let seconds = skew.num_seconds().unsigned_abs();
    let amount = match seconds {
        0..60 => return None,
        60..3_570 => format!("{} min", (seconds + 30) / 60),
        3_570..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    };
    Some(format!("which is {amount} off"))
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

/// The error of a proxy that requires a user and a password, or refuses them.
pub(super) fn proxy_refused() -> Error {
    let message = "the proxy requires authentication: check user and password of the proxy";
    Error::new(ErrorKind::Misconfigured, message).with_class("proxy")
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use http::Method;
    use serde_json::Value;

    use super::*;
    use crate::client_config::ClientConfig;
    use crate::decode::{BareString, Schema};
    use crate::error::System;
    use crate::pipeline::error_word::ErrorWord;
    use crate::pipeline::system::{ParsedError, SystemRules};
    use crate::pipeline::{Attempt, CallContext, Idempotency, Request};
    use crate::testing::TestClock;
    use crate::testing::wiremock::matchers::any;
    use crate::testing::wiremock::{self, Mock, MockServer, Respond, ResponseTemplate};

    const SIGNED_AT: &str = "x-signed-at";
    const HOUR: i64 = 3_600;
    const PUBLISHED: &[MisconfigurationRule] = &[stale(true)];
    const ASSUMED: &[MisconfigurationRule] = &[stale(false)];

    const fn stale(published: bool) -> MisconfigurationRule {
        MisconfigurationRule {
            class: Misconfiguration::Signature,
            word: ErrorWord {
                operation: "",
                status: 0,
                member: "code",
                text: "STALE*",
            },
            published,
        }
    }

    /// A call that sends a message, to a system that refuses a wrong signature by these words.
    fn operation(misconfigured: &'static [MisconfigurationRule]) -> Operation {
        Operation {
            id: "send_code",
            method: Method::POST,
            path: "/code".into(),
            session: Need::Never,
            application: Need::Never,
            signature: Need::Required,
            signed_fields: &[],
            idempotency: Idempotency::NotIdempotent,
            sends_message: true,
            carries_code: false,
            response: &Schema::Any,
            bare_string: BareString::No,
            success_members: &[],
            accept: header::HeaderValue::from_static("application/json"),
            misconfigured,
            session_ends: &[],
        }
    }

    /// Signs by the time alone.
    struct Rules(HeaderMap);

    impl SystemRules for Rules {
        fn system(&self) -> System {
            System::Wunder
        }

        fn default_headers(&self) -> &HeaderMap {
            &self.0
        }

        fn sign(&self, _: &Request<'_>, to: &mut Attempt, now: DateTime<Utc>) -> Result<(), Error> {
            to.headers.insert(SIGNED_AT, now.timestamp().into());
            Ok(())
        }

        fn parse_error(&self, _: &Operation, response: &RawResponse) -> Option<ParsedError> {
            let body: Value = response.read_error(&Schema::Any)?;
            Some(ParsedError {
                code: body["code"].as_str().map(str::to_owned),
                typed: Box::new(()),
                is_public_code: false,
                request_id: None,
                kind: None,
                message: None,
            })
        }
    }

    /// A server that accepts signatures of the last five minutes by its own clock, which is `ahead`
    /// of this machine's by a number of seconds.
    #[derive(Clone, Default)]
    struct Server {
        ahead: Arc<AtomicI64>,
        has_no_date: bool,
    }

    impl Respond for Server {
        fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
            let now = Utc::now().timestamp() + self.ahead.load(Ordering::SeqCst);
            let signed: i64 = request.headers[SIGNED_AT]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            let response = if (now - signed).abs() < 300 {
                ResponseTemplate::new(200).set_body_string("{}")
            } else {
                ResponseTemplate::new(403).set_body_string(r#"{"code": "STALE_TIMESTAMP"}"#)
            };
            let date = DateTime::from_timestamp(now, 0).unwrap();
            let date = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            if self.has_no_date {
                // A date that a cache has kept says nothing about now.
                return response
                    .insert_header("date", date)
                    .insert_header("age", "1");
            }
            response.insert_header("date", date)
        }
    }

    struct Fixture {
        mock: MockServer,
        context: CallContext,
    }

    impl Fixture {
        async fn start(server: Server, clock: TestClock, max_correction: i64) -> Self {
            let mock = MockServer::start().await;
            Mock::given(any()).respond_with(server).mount(&mock).await;
            let mut config = ClientConfig::new(System::Wunder, mock.uri());
            config.clock = crate::clock::SharedClock::new(clock);
            config.settings.max_clock_correction =
                Duration::from_secs(max_correction.unsigned_abs());
            let built = config.build(|base, headers| Ok((base, Rules(headers))));
            let context = CallContext::new(built.unwrap().0);
            Self { mock, context }
        }

        async fn call(&self, words: &'static [MisconfigurationRule]) -> (Result<(), Error>, usize) {
            let before = self.mock.received_requests().await.unwrap().len();
            let operation = operation(words);
            let sent = self.context.call_empty(Request::new(&operation, "/code"));
            let sent = sent.await.map(drop);
            let requests = self.mock.received_requests().await.unwrap().len();
            (sent, requests - before)
        }
    }

    fn ahead(seconds: i64) -> Server {
        let server = Server::default();
        server.ahead.store(seconds, Ordering::SeqCst);
        server
    }

    #[tokio::test]
    async fn a_refused_signature_is_made_again_once_by_the_time_of_the_refusal() {
        let server = ahead(2 * HOUR);
        let fixture = Fixture::start(server, TestClock::new(), 24 * HOUR).await;
        let (sent, requests) = fixture.call(PUBLISHED).await;
        sent.unwrap();
        assert_eq!(
            requests, 2,
            "a message is sent once: the first request was refused"
        );
    }

    #[tokio::test]
    async fn the_time_of_a_refusal_is_not_stored() {
        let server = ahead(0);
        let fixture = Fixture::start(server.clone(), TestClock::new(), 24 * HOUR).await;
        let (sent, requests) = fixture.call(PUBLISHED).await;
        assert!(sent.is_ok() && requests == 1, "the clock is confirmed");
        // One server of a cluster has a wrong clock.
        server.ahead.store(2 * HOUR, Ordering::SeqCst);
        let (sent, requests) = fixture.call(PUBLISHED).await;
        assert!(sent.is_ok() && requests == 2);
        server.ahead.store(0, Ordering::SeqCst);
        let (sent, requests) = fixture.call(PUBLISHED).await;
        assert!(sent.is_ok() && requests == 1, "signed by the known time");
    }

    #[tokio::test]
    async fn a_signature_is_not_made_again_without_published_words_or_a_usable_date() {
        let cases = [
            ("the words are assumed", ahead(2 * HOUR), ASSUMED, 24 * HOUR),
            (
                "the difference is too large",
                ahead(2 * HOUR),
                PUBLISHED,
                HOUR,
            ),
            ("the correction is off", ahead(2 * HOUR), PUBLISHED, 0),
            ("there are no words", ahead(2 * HOUR), &[], 24 * HOUR),
        ];
        let no_date = Server {
            has_no_date: true,
            ..ahead(2 * HOUR)
        };
        let cases = cases.into_iter();
        for (why, server, words, limit) in
            cases.chain([("there is no date", no_date, PUBLISHED, 24 * HOUR)])
        {
            let fixture = Fixture::start(server, TestClock::new(), limit).await;
            let (sent, requests) = fixture.call(words).await;
            assert_eq!(requests, 1, "{why}");
            let expected = match words {
                [] => ErrorKind::Rejected,
                _ => ErrorKind::Misconfigured,
            };
            assert_eq!(sent.unwrap_err().kind(), expected, "{why}");
        }
    }

    #[tokio::test]
    async fn a_second_refusal_is_the_error() {
        /// Refuses every signature.
        struct Refuses;

        impl Respond for Refuses {
            fn respond(&self, _: &wiremock::Request) -> ResponseTemplate {
                ResponseTemplate::new(400).set_body_string(r#"{"code": "STALE"}"#)
            }
        }

        let fixture = Fixture::start(Server::default(), TestClock::new(), 24 * HOUR).await;
        fixture.mock.reset().await;
        Mock::given(any())
            .respond_with(Refuses)
            .mount(&fixture.mock)
            .await;
        let (sent, requests) = fixture.call(PUBLISHED).await;
        let error = sent.unwrap_err();
        assert_eq!((requests, error.attempts()), (2, 2));
        assert_eq!(
            (error.kind(), error.error_type()),
            (ErrorKind::Misconfigured, "signature")
        );
    }
}
