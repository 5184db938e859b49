//! When another message is sent to a phone, and which challenge stays valid.

use std::sync::Arc;
use std::time::Duration;

use vestibule::chrono::{DateTime, Utc};
use vestibule::testing::TestClock;
use vestibule::{BoxFuture, Clock, ErrorKind};

use crate::instances::*;
use crate::stores::SharedStore;

#[tokio::test]
async fn a_newer_challenge_replaces_the_older_ones() {
    let shared = SharedStore::memory();
    let mock = start_goodcity().await;
    let (a, b) = (
        on_goodcity(&mock, shared.open().await),
        on_goodcity(&mock, shared.open().await),
    );
    let mut old = a.send_pin(MOBILE).await.unwrap();
    mock.clock().advance(PIN_WAIT);
    let new = b.sign_up(MOBILE, "Ada", "Wong").send_pin().await.unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    mock.clock().advance(PIN_WAIT);
    let error = old.resend().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StepRequired);
    assert!(error.to_string().contains("newer challenge"), "{error}");
    let refused = old.confirm(pin.as_str()).await;
    assert_eq!(kind(refused), ErrorKind::StepRequired);
    new.confirm(pin).await.unwrap();
    let sent = (
        mock.count("send_pin"),
        mock.count("signup"),
        mock.count("verify"),
    );
    assert_eq!(sent, (1, 1, 1));

    let mock = start_fynd().await;
    let client = on_fynd(&mock, shared.open().await);
    let mut old = client.otp_sign_in(ASHA, "+91").send_code().await.unwrap();
    mock.clock().advance(CODE_WAIT);
    let new = client.otp_sign_in(ASHA, "91").send_code().await.unwrap();
    let code = mock.outbox().last_code(&format!("+91{ASHA}")).unwrap();
    mock.clock().advance(CODE_WAIT);
    assert_eq!(kind(old.resend().await), ErrorKind::StepRequired);
    assert_eq!(
        kind(old.confirm(code.as_str()).await),
        ErrorKind::StepRequired
    );
    assert!(new.confirm(code).await.is_ok());
    assert_eq!(mock.count("verify_mobile_otp"), 1);
    assert_eq!(mock.count("send_otp_on_mobile"), 0);

    // Wunder has no keys: its server would accept the new code from either challenge.
    let mock = start_wunder().await;
    let client = on_wunder(&mock, shared.open().await);
    let mut old = client.phone_sign_in(PHONE, "2").send_code().await.unwrap();
    let new = client.phone_sign_in(PHONE, "2").send_code().await.unwrap();
    let code = mock.outbox().last_code(PHONE).unwrap();
    assert_eq!(kind(old.resend().await), ErrorKind::StepRequired);
    assert_eq!(
        kind(old.confirm(code.as_str()).await),
        ErrorKind::StepRequired
    );
    assert!(new.confirm(code).await.is_ok());
    assert_eq!(mock.count("sign_in_phone_number"), 1);
    assert_eq!(mock.count("create_or_sign_in_with_phone_number"), 2);
}

#[tokio::test]
async fn challenges_of_another_number_or_application_are_unaffected() {
    let shared = SharedStore::memory();
    let mock = start_fynd().await;
    let client = on_fynd(&mock, shared.open().await);
    let other = fynd_of(&mock, shared.open().await, "64b000000000000000000002");
    let asha = client.otp_sign_in(ASHA, "91").send_code().await.unwrap();
    let new = client.otp_sign_in(NEW, "91").send_code().await.unwrap();
    let new_code = mock.outbox().last_code(&format!("+91{NEW}")).unwrap();
    // The mock shares numbers between applications, so a message of the other application voids
    // Asha's code.
    let code = mock.outbox().last_code(&format!("+91{ASHA}")).unwrap();
    assert!(asha.confirm(code).await.is_ok());
    other.otp_sign_in(NEW, "91").send_code().await.unwrap();
    assert_eq!(kind(new.confirm(new_code).await), ErrorKind::Refused);
    assert_eq!(mock.count("login_with_otp"), 3);
}

#[tokio::test]
async fn starting_over_does_not_bypass_the_resend_timer() {
    let shared = SharedStore::memory();
    let mock = start_goodcity().await;
    let (a, b) = (
        on_goodcity(&mock, shared.open().await),
        on_goodcity(&mock, shared.open().await),
    );
    let pending = a.send_pin(MOBILE).await.unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    mock.clock().advance(Duration::from_secs(20));
    for instance in [&a, &b] {
        let error = instance.send_pin(MOBILE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SlowDown);
        let wait = error.retry_after().unwrap().as_secs_f64().ceil();
        assert!((39.0..=40.0).contains(&wait), "{wait}");
        let sign_up = instance.sign_up(MOBILE, "Ada", "Wong").send_pin().await;
        assert_eq!(kind(sign_up), ErrorKind::SlowDown);
    }
    // A successful sign-in does not end the resend timer either.
    pending.confirm(pin).await.unwrap();
    assert_eq!(kind(b.send_pin(MOBILE).await), ErrorKind::SlowDown);
    assert_eq!((mock.count("send_pin"), mock.count("signup")), (1, 0));
    mock.clock().advance(Duration::from_secs(40));
    b.send_pin(MOBILE).await.unwrap();

    let mock = start_fynd().await;
    let (a, b) = (
        on_fynd(&mock, shared.open().await),
        on_fynd(&mock, shared.open().await),
    );
    a.otp_sign_in(ASHA, "91").send_code().await.unwrap();
    for (mobile, country_code) in [(ASHA, "+91"), ("09000000001", "091")] {
        let again = b.otp_sign_in(mobile, country_code).send_code().await;
        assert_eq!(kind(again), ErrorKind::SlowDown, "{mobile}");
    }
    assert_eq!(mock.count("login_with_otp"), 1);
    mock.clock().advance(CODE_WAIT);
    b.otp_sign_in(ASHA, "91").send_code().await.unwrap();
}

#[tokio::test]
async fn wunder_uses_the_resend_interval_of_its_client() {
    let shared = SharedStore::memory();
    let mock = start_wunder().await;
    let wait = Duration::from_secs(45);
    let waiting = async || {
        let builder = wunder_of(&mock, shared.open().await, "tenant01");
        builder.resend_wait(wait).build().unwrap()
    };
    let (a, b) = (waiting().await, waiting().await);
    let mut pending = a.phone_sign_in(PHONE, "2").send_code().await.unwrap();
    assert!(pending.resend_timer().remaining() > wait / 2);
    assert_eq!(kind(pending.resend().await), ErrorKind::SlowDown);
    let again = b.phone_sign_in(PHONE, "2").send_code().await;
    assert_eq!(kind(again), ErrorKind::SlowDown);
    mock.clock().advance(wait);
    pending.resend().await.unwrap();
    assert_eq!(mock.count("create_or_sign_in_with_phone_number"), 2);
}

/// A clock that advances by a second with every reading.
struct AdvancingClock(TestClock);

impl Clock for AdvancingClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.advance(Duration::from_secs(1));
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }
}

#[tokio::test]
async fn a_resend_at_the_end_of_the_timer_is_not_too_early() {
    let shared = SharedStore::memory();
    let mock = start_goodcity().await;
    let builder = goodcity_at(mock.base_url(), &mock, shared.open().await);
    let advancing = Arc::new(AdvancingClock(mock.clock().clone()));
    let client = builder.clock(advancing).build().unwrap();
    let mut pending = client.send_pin(MOBILE).await.unwrap();
    for _ in 0..3 {
        mock.clock().advance(pending.resend_timer().remaining());
        pending.resend().await.unwrap();
    }
    mock.clock().advance(pending.resend_timer().remaining());
    client.send_pin(MOBILE).await.unwrap();
}

#[tokio::test]
async fn a_refused_message_starts_no_timer_and_replaces_no_challenge() {
    let shared = SharedStore::memory();
    let mock = start_goodcity().await;
    let client = on_goodcity(&mock, shared.open().await);
    mock.fail_next("send_pin", 422);
    assert_eq!(kind(client.send_pin(MOBILE).await), ErrorKind::Refused);
    let pending = client.send_pin(MOBILE).await.unwrap();
    mock.clock().advance(PIN_WAIT);
    mock.fail_next("send_pin", 422);
    assert_eq!(kind(client.send_pin(MOBILE).await), ErrorKind::Refused);
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    pending.confirm(pin).await.unwrap();

    // Delivery is unknown, so the timer runs.
    mock.clock().advance(PIN_WAIT);
    mock.fail_next("send_pin", 500);
    assert_eq!(kind(client.send_pin(MOBILE).await), ErrorKind::TryLater);
    assert_eq!(kind(client.send_pin(MOBILE).await), ErrorKind::SlowDown);
    assert_eq!(mock.count("send_pin"), 4);
}
