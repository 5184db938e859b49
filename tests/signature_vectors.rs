//! The signatures are those of the official clients, byte for byte.
#![cfg(all(feature = "fynd", feature = "wunder"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod support;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method, header};
use serde_json::Value;
use vestibule::fynd::{self, SignIn, SignatureInput, sign};
use vestibule::wunder::{self, BootstrapSignature, Sha256Hex, SignatureError};
use vestibule::{BoxFuture, Clock, Secret};
use wire::Wire;

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("data/fynd-signature-vectors.json")).unwrap()
}

fn vector(name: &str) -> Value {
    let vectors = vectors();
    let vector = vectors.iter().find(|vector| vector["name"] == name);
    vector.unwrap().clone()
}

fn text<'a>(vector: &'a Value, part: &str, member: &str) -> &'a str {
    vector[part][member].as_str().unwrap()
}

/// Whether every stage matches, so that a failure shows where it begins.
fn is_signed_as_expected(vector: &Value) -> bool {
    let input = |member| text(vector, "input", member);
    let expected = |member| text(vector, "expected", member);
    let method: Method = input("method").parse().unwrap();
    let date = input("utc_date").parse().unwrap();
    let key = Secret::from(input("signing_key"));
    let signed = SignatureInput::new(&method, expected("wire_url"), date)
        .unwrap()
        .body(vector["input"]["body"].as_str().unwrap_or("").as_bytes())
        .sdk_version(input("x-fp-sdk-version"))
        .key(&key);
    let stages = [
        (signed.canonical_request(), "canonical_request"),
        (signed.string_to_sign(), "string_to_sign"),
        (sign(&signed), "x-fp-signature"),
    ];
    stages.iter().all(|(ours, theirs)| {
        let equal = ours == expected(theirs);
        if !equal {
            eprintln!("{}: {theirs} is {ours:?}", vector["name"]);
        }
        equal
    })
}

#[test]
fn every_vector_is_signed_as_by_the_vendors() {
    let fynd = vectors();
    let key = Secret::from("s3cr3t");
    let wunder = [
        (
            "+43123456789",
            "409ff6fcf0096a758797e11122a42a38586e6c26dfa4e55a656a768238975fd8",
        ),
        (
            "ada@example.org",
            "0025ee075a15335fc64755de2930cd8317d91ab67daa63af26bfcdfb071c2b8d",
        ),
    ];
    let of_wunder = |(identifier, signature): &(&str, &str)| {
        let input = wunder::SignatureInput::new(&key, identifier).timestamp("1700000000000");
        Sha256Hex::digest(&input) == *signature
    };
    let total = fynd.len() + wunder.len();
    let passed = fynd.iter().filter(|one| is_signed_as_expected(one)).count()
        + wunder.iter().filter(|one| of_wunder(one)).count();

    support::proof("signature-vectors", &format!("{passed}/{total}"));
    assert_eq!(fynd.len(), 4, "a vector is missing");
    assert_eq!(passed, total);
}

#[test]
fn a_url_is_canonicalised_before_it_is_signed() {
    let date = "2024-03-05T06:07:08Z".parse().unwrap();
    let canonical = |url: &str| {
        let input = SignatureInput::new(&Method::GET, url, date).unwrap();
        let request = input.canonical_request();
        let mut lines = request.lines().skip(1).map(str::to_owned);
        (
            lines.next().unwrap(),
            lines.next().unwrap(),
            lines.next().unwrap(),
        )
    };
    let form = |path: &str, query: &str, host: &str| {
        let host = format!("host:{host}");
        (path.to_owned(), query.to_owned(), host)
    };

    assert_eq!(
        canonical("https://api.fynd.com:443/a//b/./c/../d/?z=1&a=2+3&a=%2B&flag&a=1"),
        form("/a/b/d", "a=+&a=1&a=2 3&flag=&z=1", "api.fynd.com"),
    );
    assert_eq!(
        canonical("https://api.fynd.com:8443/caf%C3%A9/a+b/(x)!*'~?q=ü&x-fp-signature=old"),
        form("/caf%C3%A9/a%2Bb/(x)!*'~", "q=ü", "api.fynd.com:8443"),
    );
    assert_eq!(
        canonical("http://api.fynd.com:80/é/%2e%2e/a%2Fb%20c#part"),
        form("/a%2Fb%20c", "", "api.fynd.com"),
    );
    assert_eq!(
        canonical("http://127.0.0.1:8080/../.."),
        form("/", "", "127.0.0.1:8080"),
    );
}

#[test]
fn only_relevant_headers_are_signed() {
    let date = "2024-03-05T06:07:08Z".parse().unwrap();
    let url = "https://api.fynd.com/a";
    let plain = SignatureInput::new(&Method::POST, url, date).unwrap();
    let with_others = plain
        .clone()
        .header(header::AUTHORIZATION, "Bearer x")
        .header(header::USER_AGENT, "y")
        .header(HeaderName::from_static("x-fp-signature"), "v1.1:old")
        .header(header::ACCEPT, "z");
    assert_eq!(sign(&plain), sign(&with_others));

    let request = plain
        .header(HeaderName::from_static("x-fp-trace"), "  a \t b ")
        .canonical_request();
    assert!(request.contains("\nx-fp-sdk-version:3.31.0\nx-fp-trace:a b\n\n"));
    assert!(request.contains("\nhost;x-fp-date;x-fp-sdk-version;x-fp-trace\n"));
}

#[test]
fn the_body_of_a_get_is_not_signed_and_any_other_is() {
    let date = "2024-03-05T06:07:08Z".parse().unwrap();
    let signed = |method: &Method, body: &[u8]| {
        let input = SignatureInput::new(method, "https://api.fynd.com/a", date).unwrap();
        sign(&input.body(body))
    };
    assert_eq!(signed(&Method::GET, b"{}"), signed(&Method::GET, b""));
    assert_ne!(signed(&Method::POST, b"{}"), signed(&Method::POST, b""));
    assert_ne!(signed(&Method::POST, b"{}"), signed(&Method::POST, b"{ }"));
}

/// The clock with which the vectors were generated.
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        "2024-03-05T06:07:08Z".parse().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Checks the request of a vector: the same target and headers, and a signature for the host of the
/// test.
fn assert_wire(wire: &Wire, vector: &Value) {
    let expected = |member| text(vector, "expected", member);
    let target = expected("wire_url")
        .strip_prefix("https://api.fynd.com")
        .unwrap();
    let received = wire.last(text(vector, "input", "path"));
    assert_eq!(received.target, target);
    assert_eq!(received.method, text(vector, "input", "method"));
    assert_eq!(received.header("authorization"), expected("authorization"));
    assert_eq!(received.header("x-fp-date"), expected("x-fp-date"));
    assert_eq!(received.header("x-fp-sdk-version"), "3.31.0");

    let method = received.method.parse().unwrap();
    let url = format!("{}{target}", wire.base_url);
    let date = "2024-03-05T06:07:08Z".parse().unwrap();
    let input = SignatureInput::new(&method, &url, date).unwrap();
    let signature = sign(&input.body(&received.body));
    assert_eq!(received.header("x-fp-signature"), signature);
}

#[tokio::test]
async fn real_requests_match_the_vectors_on_the_wire() {
    let wire = Wire::start(|path| {
        if path.ends_with("/login/otp") {
            ("", r#"{"request_id": "r1"}"#)
        } else if path.ends_with("/otp/mobile/verify") {
            (
                "set-cookie: a=b; Path=/\r\n",
                r#"{"user": {"_id": "u1"}, "user_exists": true}"#,
            )
        } else {
            ("", r#"{"user": {}}"#)
        }
    });
    let client = fynd::Client::builder("000000000000000000000001")
        .application_token("test-token-1")
        .base_url(&wire.base_url)
        .clock(Arc::new(FixedClock))
        .build()
        .unwrap();

    let with_query = vector("get_with_query");
    let wanted = text(&with_query["input"], "query_params", "q");
    client.api().user_exists(wanted).send().await.unwrap();
    assert_wire(&wire, &with_query);

    let pending = client
        .sign_in_with_phone_code(&"+919987568530".parse().unwrap())
        .send()
        .await;
    let Ok(SignIn::SignedIn(session)) = pending.unwrap().confirm("1234").await else {
        panic!("not signed in");
    };
    let several = vector("delete_several_query");
    let api = session.api();
    api.delete_mobile_number()
        .platform("5eda528b97457fe43a733ace")
        .active(true)
        .primary(false)
        .verified(true)
        .country_code("91")
        .phone("9987568530")
        .send()
        .await
        .unwrap();
    assert_wire(&wire, &several);

    session.profile().await.unwrap();
    assert_wire(&wire, &vector("get_no_query"));

    let form = vector("post_json_non_ascii");
    let body: fynd::api::types::FormRegisterRequestSchema =
        serde_json::from_str(text(&form, "input", "body")).unwrap();
    let call = api
        .register_with_form()
        .platform("5eda528b97457fe43a733ace");
    call.body(body).send().await.unwrap();
    assert_wire(&wire, &form);
}

/// A service that computes signatures: after a while, never, or not at all.
enum Service {
    Slow,
    Silent,
    Broken,
}

impl BootstrapSignature for Service {
    fn signature<'a>(
        &'a self,
        input: &'a wunder::SignatureInput<'a>,
    ) -> BoxFuture<'a, Result<String, SignatureError>> {
        Box::pin(async move {
            match self {
                Self::Slow => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Sha256Hex.signature(input).await
                }
                Self::Silent => std::future::pending().await,
                Self::Broken => Err("the key is disabled".into()),
            }
        })
    }
}

#[tokio::test]
async fn a_service_that_computes_signatures_is_awaited_and_may_fail() {
    use std::error::Error as _;

    use vestibule::testing::Wunder;
    use vestibule::{Delivery, ErrorKind};

    let mock = Wunder::start().await;
    let reset = async |service| {
        let builder = wunder::Client::builder(mock.base_url()).tenant("tenant01");
        let builder = builder
            .signing_key(Wunder::SIGNING_KEY)
            .signature_scheme(service)
            .clock(mock.clock().clone())
            .deadline(Duration::from_millis(200));
        let client = builder.build().unwrap();
        client.reset_password_by_code("ada@example.org").await
    };
    for (service, source) in [(Service::Broken, true), (Service::Silent, false)] {
        let error = reset(service).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
        assert_eq!(error.source().is_some(), source);
        assert!(!error.to_string().contains("disabled"), "{error}");
    }
    assert_eq!(mock.requests().len(), 0);
    drop(reset(Service::Slow).await.unwrap());
    assert_eq!(mock.signatures_seen(), 1);
}
