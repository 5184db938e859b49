//! Every call ends within its limits.
#![cfg(feature = "wunder")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use tokio::task::JoinHandle;
use vestibule::session::Tokens;
use vestibule::testing::Wunder;
use vestibule::wunder::{BootstrapSignature, Branch, Client, SignatureError, SignatureInput};
use vestibule::{Backoff, BoxFuture, CallOptions, Delivery, Error, ErrorKind, Settings};

const FOREVER: Duration = Duration::from_secs(3600);

fn client(mock: &Wunder, settings: Settings) -> Client {
    Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .settings(settings)
        .build()
        .unwrap()
}

fn client_with_one_permit(mock: &Wunder) -> Client {
    let settings = Settings::new().max_in_flight(1);
    client(mock, settings)
}

/// A call in flight, whose response comes after `delay`.
async fn occupy_the_permit(
    client: &Client,
    mock: &Wunder,
    delay: Duration,
) -> JoinHandle<Result<Branch, Error>> {
    mock.delay("resolve_branch", delay);
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.branch(48.2, 16.4).await }
    });
    while mock.count("resolve_branch") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    slow
}

#[tokio::test]
async fn a_hanging_attempt_times_out_and_a_read_is_retried() {
    let mock = Wunder::start().await;
    let settings = Settings::new().attempt_timeout(Duration::from_millis(50));
    let client = client(&mock, settings);
    mock.delay("resolve_branch", FOREVER);
    let error = client.branch(48.2, 16.4).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert_eq!((error.attempts(), mock.count("resolve_branch")), (3, 3));
}

#[tokio::test]
async fn a_message_with_unknown_delivery_is_not_resent() {
    let mock = Wunder::start().await;
    let settings = Settings::new().attempt_timeout(Duration::from_millis(50));
    let client = client(&mock, settings);
    mock.delay("create_or_sign_in_with_phone_number", FOREVER);
    let sign_in = client
        .sign_in_with_phone_code(&"+43123456789".parse().unwrap())
        .branch_id("2");
    let error = sign_in.send().await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert_eq!(mock.count("create_or_sign_in_with_phone_number"), 1);
}

#[tokio::test]
async fn one_deadline_covers_all_attempts() {
    let mock = Wunder::start().await;
    let settings = Settings::new().attempt_timeout(FOREVER);
    let client = client(&mock, settings);
    mock.delay("resolve_branch", FOREVER);
    let options = CallOptions::new().deadline(Duration::from_millis(80));
    let api = client.with_options(options).user_api();
    let error = api
        .resolve_branch()
        .lat(48.2)
        .lng(16.4)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        mock.count("resolve_branch"),
        1,
        "no time is left for a second attempt"
    );
}

#[tokio::test]
async fn deadline_and_retry_of_the_builder_take_precedence_over_settings_in_any_order() {
    let mock = Wunder::start().await;
    let builder = || Client::builder(mock.base_url()).tenant("tenant01");
    let settings = Settings::new()
        .deadline(FOREVER)
        .attempt_timeout(FOREVER)
        .retry(Backoff::new().with_cap(Duration::ZERO));
    let once = || builder().retry(Backoff::none());
    let in_any_order = [
        once().settings(settings.clone()),
        builder().settings(settings.clone()).retry(Backoff::none()),
    ];
    for builder in in_any_order {
        mock.fail_next("resolve_branch", 503);
        let error = builder.build().unwrap().branch(48.2, 16.4).await;
        assert_eq!(error.unwrap_err().attempts(), 1);
    }
    mock.delay("resolve_branch", FOREVER);
    let short = Duration::from_millis(50);
    let in_any_order = [
        once().deadline(short).settings(settings.clone()),
        once().settings(settings.clone()).deadline(short),
    ];
    for builder in in_any_order {
        let client = builder.build().unwrap();
        let call = tokio::time::timeout(FOREVER / 60, client.branch(48.2, 16.4));
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.error_type(), "timeout");
    }
}

#[tokio::test]
async fn a_backoff_beyond_the_deadline_is_not_started() {
    let mock = Wunder::start().await;
    // A random part of this time is waited: one of less than the deadline does not occur.
    let long = FOREVER * 100_000;
    let backoff = Backoff::new().with_base(long).with_cap(long);
    let settings = Settings::new().retry(backoff);
    let client = client(&mock, settings);
    mock.fail_next("resolve_branch", 503);
    let error = client.branch(48.2, 16.4).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 503);
    assert_eq!(mock.count("resolve_branch"), 1);
}

#[tokio::test]
async fn a_response_over_the_limit_is_not_read_to_its_end() {
    let mock = Wunder::start().await;
    let settings = Settings::new().max_response_bytes(16);
    let client = client(&mock, settings);
    let error = client.branch(48.2, 16.4).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(
        error.to_string().contains("larger than 16 bytes"),
        "{error}"
    );
}

#[tokio::test]
async fn calls_over_the_concurrency_limit_wait_for_a_permit() {
    let mock = Wunder::start().await;
    let client = client_with_one_permit(&mock);
    let slow = occupy_the_permit(&client, &mock, Duration::from_millis(100)).await;
    let options = CallOptions::new().deadline(Duration::from_millis(20));
    let api = client.with_options(options).user_api();
    let error = api
        .resolve_branch()
        .lat(1.0)
        .lng(1.0)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    slow.await.unwrap().unwrap();
    client.branch(48.2, 16.4).await.unwrap();
    assert_eq!(mock.count("resolve_branch"), 2);
}

/// A service that never returns a signature.
struct Hanging;

impl BootstrapSignature for Hanging {
    fn signature<'a>(
        &'a self,
        _: &'a SignatureInput<'a>,
    ) -> BoxFuture<'a, Result<String, SignatureError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_hanging_signature_ends_with_the_attempt_and_holds_no_permit() {
    let mock = Wunder::start().await;
    let settings = Settings::new().max_in_flight(1);
    let client = Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .signature_scheme(Hanging)
        .settings(settings.attempt_timeout(Duration::from_millis(400)))
        .build()
        .unwrap();
    let phone = "+43123456789".parse().unwrap();
    let signed = client.sign_in_with_phone_code(&phone).branch_id("2").send();
    let other = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        client.branch(48.2, 16.4).await.unwrap();
    };
    let (signed, ()) = tokio::join!(signed, other);
    let error = signed.unwrap_err();
    assert_eq!(error.error_type(), "timeout", "{error}");
    assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    assert!(error.elapsed() < Duration::from_secs(5), "{error}");
    assert_eq!(mock.journal().len(), 1, "the other call alone");
}

#[tokio::test]
async fn a_call_of_an_ended_session_waits_for_no_permit() {
    let mock = Wunder::start().await;
    let client = client_with_one_permit(&mock);
    let tokens = Tokens::new("a token", None);
    let session = client.resume_with_tokens(tokens).await.unwrap();
    let _ = session.clone().sign_out().await;
    let slow = occupy_the_permit(&client, &mock, FOREVER).await;
    let options = CallOptions::new().deadline(Duration::from_millis(200));
    let api = session.with_options(options).user_api();
    let error = api.get_customer().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    slow.abort();
}

#[tokio::test]
async fn a_refused_connection_is_reported_as_not_sent() {
    let client = Client::builder("http://127.0.0.1:9")
        .tenant("tenant01")
        .signing_key("k")
        .build()
        .unwrap();
    let sign_in = client
        .sign_in_with_phone_code(&"+43123456789".parse().unwrap())
        .branch_id("2");
    let error = sign_in.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.attempts(), 3, "an unsent request may be retried");
    let shown = format!("{error} {error:?}");
    assert!(
        !shown.contains("43123456789") && !shown.contains("signature="),
        "{shown}"
    );
}
