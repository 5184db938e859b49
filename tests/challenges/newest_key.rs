//! Only the newest key is ever sent, even from a handle with an older one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use vestibule::ErrorKind;
use vestibule::goodcity::Client;
use vestibule::testing::TestClock;

use crate::instances::*;
use crate::stores::{SharedStore, Store};
use crate::wire::Wire;

static SENT: AtomicUsize = AtomicUsize::new(0);

const KEYS: [&str; 3] = [
    r#"{"otp_auth_key": "the-first-key"}"#,
    r#"{"otp_auth_key": "the-second-key"}"#,
    r#"{"otp_auth_key": "the-third-key"}"#,
];

fn response(path: &str) -> (&'static str, &'static str) {
    match path {
        "/api/v1/auth/send_pin" => ("", KEYS[SENT.fetch_add(1, Ordering::SeqCst)]),
        _ => ("", "{}"),
    }
}

fn sent_keys(wire: &Wire) -> Vec<String> {
    let verified = wire.all("/api/v1/auth/verify");
    let key = |body: &[u8]| {
        let body: Value = serde_json::from_slice(body).unwrap();
        body["otp_auth_key"].as_str().unwrap().to_owned()
    };
    verified.iter().map(|request| key(&request.body)).collect()
}

#[tokio::test]
async fn a_handle_with_an_old_key_sends_the_newest_key() {
    let wire = Wire::start(response);
    let clock = TestClock::new();
    let shared = SharedStore::memory();
    let instance = async || {
        let builder = Client::builder(&wire.base_url)
            .app_name("app")
            .clock(clock.clone());
        builder.store(shared.open().await).build().unwrap()
    };
    let (a, b, c) = (instance().await, instance().await, instance().await);
    let first = a.sign_in_with_pin(&MOBILE.parse().unwrap()).await.unwrap();
    let old = c.resume_challenge(first.id()).await.unwrap();
    clock.advance(PIN_WAIT);
    let mut second = b.resume_challenge(first.id()).await.unwrap();
    second.resend().await.unwrap();
    // The handles of A and C were created before the resend.
    let first = first.confirm("1111").await.unwrap_err().state;
    let old = old.confirm("2222").await.unwrap_err().state;
    assert_eq!(sent_keys(&wire), ["the-second-key", "the-second-key"]);

    // Also if the handle that resends is itself outdated.
    clock.advance(PIN_WAIT);
    let mut first = first;
    first.resend().await.unwrap();
    for pending in [second, old, first] {
        pending.confirm("3333").await.unwrap_err();
    }
    assert_eq!(sent_keys(&wire)[2..], ["the-third-key"; 3]);
}

/// The time to live of a challenge starts with its newest message, from whichever instance that was
/// sent.
#[tokio::test]
async fn an_old_handle_stays_valid_after_a_resend_on_another_instance() {
    let mock = start_goodcity().await;
    let shared = SharedStore::memory();
    let (one, other) = (shared.open().await, shared.open().await);
    let (a, b) = (on_goodcity(&mock, one), on_goodcity(&mock, other));
    let mut first = a.sign_in_with_pin(&MOBILE.parse().unwrap()).await.unwrap();
    let mut second = b.resume_challenge(first.id()).await.unwrap();
    for pending in [&mut second, &mut first] {
        mock.clock().advance(Duration::from_secs(14 * 60));
        pending.resend().await.unwrap();
    }
    mock.clock().advance(Duration::from_secs(2 * 60));
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    let _ = second.confirm(pin).await.unwrap();
}

/// Two handles on two instances, which both know only the first message, resend at the same time.
#[tokio::test]
async fn concurrent_resends_send_one_message() {
    for shared in SharedStore::all() {
        let (one, other): (Store, Store) = (shared.open().await, shared.open().await);
        goodcity(one.clone(), other.clone()).await;
        fynd(one.clone(), other.clone()).await;
        wunder(one, other).await;
    }
}

/// Exactly one of the two outcomes is a message, the other is `RateLimited`.
fn one_of(one: Result<(), vestibule::Error>, other: Result<(), vestibule::Error>) {
    let told = match (one, other) {
        (Ok(()), Err(error)) | (Err(error), Ok(())) => error,
        outcomes => panic!("one of both sends: {outcomes:?}"),
    };
    assert_eq!(told.kind(), ErrorKind::RateLimited, "{told}");
    assert!(told.retry_after().is_some());
}

const SLOW: Duration = Duration::from_millis(150);

async fn goodcity(one: Store, other: Store) {
    let mock = start_goodcity().await;
    let (a, b) = (on_goodcity(&mock, one), on_goodcity(&mock, other));
    let mut first = a.sign_in_with_pin(&MOBILE.parse().unwrap()).await.unwrap();
    let mut second = b.resume_challenge(first.id()).await.unwrap();
    mock.clock().advance(PIN_WAIT);
    mock.delay("send_pin", SLOW);
    let (sent, told) = tokio::join!(first.resend(), second.resend());
    one_of(sent, told);
    assert_eq!(mock.count("send_pin"), 2);
    for pending in [&first, &second] {
        assert!(pending.resend_timer().remaining() > PIN_WAIT / 2);
    }
    // Both are refused because of the wrong pin and not of an old key, as the right pin shows.
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    let refused = first.confirm(other_than(&pin, 0)).await;
    assert_eq!(kind(refused), ErrorKind::Rejected);
    let _ = second.confirm(pin).await.unwrap();
    assert_eq!(mock.count("verify"), 2);
}

async fn fynd(one: Store, other: Store) {
    let mock = start_fynd().await;
    let (a, b) = (on_fynd(&mock, one), on_fynd(&mock, other));
    let mut first = a
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await
        .unwrap();
    let mut second = fynd_code(&b, first.id()).await;
    mock.clock().advance(CODE_WAIT);
    mock.delay("send_otp_on_mobile", SLOW);
    let (sent, told) = tokio::join!(first.resend(), second.resend());
    one_of(sent, told);
    assert_eq!(mock.count("send_otp_on_mobile"), 1);
    let code = mock.outbox().last_code(&format!("+91{ASHA}")).unwrap();
    let wrong = if code == "1111" { "2222" } else { "1111" };
    let first = first.confirm(wrong).await.unwrap_err().state;
    let second = second.confirm(wrong).await.unwrap_err().state;
    assert_eq!(first.request_id(), second.request_id());
    assert!(first.confirm(code).await.is_ok());
    assert_eq!(
        kind(second.confirm("3333").await),
        ErrorKind::Unauthenticated
    );
    assert_eq!(mock.count("verify_mobile_otp"), 3);
}

async fn wunder(one: Store, other: Store) {
    let mock = start_wunder().await;
    let (a, b) = (on_wunder(&mock, one), on_wunder(&mock, other));
    let mut first = a
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let mut second = wunder_code(&b, first.id()).await;
    mock.delay("create_or_sign_in_with_phone_number", SLOW);
    let (sent, told) = tokio::join!(first.resend(), second.resend());
    one_of(sent, told);
    assert_eq!(mock.count("create_or_sign_in_with_phone_number"), 2);
    let code = mock.outbox().last_code(PHONE).unwrap();
    assert_eq!(kind(first.confirm("000000").await), ErrorKind::Rejected);
    assert!(second.confirm(code).await.is_ok());

    // A separate, slightly later request sends a separate message.
    let mut third = a
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let mut fourth = wunder_code(&b, third.id()).await;
    third.resend().await.unwrap();
    mock.clock().advance(Duration::from_secs(6));
    fourth.resend().await.unwrap();
    assert_eq!(mock.count("create_or_sign_in_with_phone_number"), 5);
}

#[tokio::test]
async fn concurrent_first_messages_are_sent_once() {
    let mock = start_goodcity().await;
    let shared = SharedStore::memory();
    let (one, other) = (shared.open().await, shared.open().await);
    let (a, b) = (on_goodcity(&mock, one), on_goodcity(&mock, other));
    mock.delay("send_pin", SLOW);
    let phone = MOBILE.parse().unwrap();
    let (one, other) = tokio::join!(a.sign_in_with_pin(&phone), b.sign_in_with_pin(&phone));
    let sent = [&one, &other].iter().filter(|sent| sent.is_ok()).count();
    assert_eq!((sent, mock.count("send_pin")), (1, 1));
    let told = one.err().or(other.err()).unwrap();
    assert_eq!(told.kind(), ErrorKind::RateLimited);
}
