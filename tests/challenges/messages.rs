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
    let mut old = a.sign_in_with_pin(&MOBILE.parse().unwrap()).await.unwrap();
    mock.clock().advance(PIN_WAIT);
    let new = b
        .sign_up(&MOBILE.parse().unwrap())
        .first_name("Ada")
        .last_name("Wong")
        .send()
        .await
        .unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    mock.clock().advance(PIN_WAIT);
    let error = old.resend().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StepRequired);
    assert!(error.to_string().contains("newer challenge"), "{error}");
    let refused = old.confirm(pin.as_str()).await;
    assert_eq!(kind(refused), ErrorKind::StepRequired);
    let _ = new.confirm(pin).await.unwrap();
    let sent = (
        mock.count("send_pin"),
        mock.count("signup"),
        mock.count("verify"),
    );
    assert_eq!(sent, (1, 1, 1));

    let mock = start_fynd().await;
    let client = on_fynd(&mock, shared.open().await);
    let mut old = client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await
        .unwrap();
    mock.clock().advance(CODE_WAIT);
    let new = client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await
        .unwrap();
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
    let mut old = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let new = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
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
    let asha = client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await
        .unwrap();
    let new = client
        .sign_in_with_phone_code(&format!("+91{NEW}").parse().unwrap())
        .send()
        .await
        .unwrap();
    let new_code = mock.outbox().last_code(&format!("+91{NEW}")).unwrap();
    // The mock shares numbers between applications, so a message of the other application voids
    // Asha's code.
    let code = mock.outbox().last_code(&format!("+91{ASHA}")).unwrap();
    assert!(asha.confirm(code).await.is_ok());
    let _ = other
        .sign_in_with_phone_code(&format!("+91{NEW}").parse().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(kind(new.confirm(new_code).await), ErrorKind::Rejected);
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
    let pending = a.sign_in_with_pin(&MOBILE.parse().unwrap()).await.unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    mock.clock().advance(Duration::from_secs(20));
    for instance in [&a, &b] {
        let error = instance
            .sign_in_with_pin(&MOBILE.parse().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        let wait = error.retry_after().unwrap().as_secs_f64().ceil();
        assert!((39.0..=40.0).contains(&wait), "{wait}");
        let sign_up = instance
            .sign_up(&MOBILE.parse().unwrap())
            .first_name("Ada")
            .last_name("Wong")
            .send()
            .await;
        assert_eq!(kind(sign_up), ErrorKind::RateLimited);
    }
    // A successful sign-in does not end the resend timer either.
    let _ = pending.confirm(pin).await.unwrap();
    assert_eq!(
        kind(b.sign_in_with_pin(&MOBILE.parse().unwrap()).await),
        ErrorKind::RateLimited
    );
    assert_eq!((mock.count("send_pin"), mock.count("signup")), (1, 0));
    mock.clock().advance(Duration::from_secs(40));
    let _ = b.sign_in_with_pin(&MOBILE.parse().unwrap()).await.unwrap();

    let mock = start_fynd().await;
    let (a, b) = (
        on_fynd(&mock, shared.open().await),
        on_fynd(&mock, shared.open().await),
    );
    let _ = a
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await
        .unwrap();
    for phone in ["+919000000001", "+91 09000000001", "0091 90000-00001"] {
        let again = b
            .sign_in_with_phone_code(&phone.parse().unwrap())
            .send()
            .await;
        assert_eq!(kind(again), ErrorKind::RateLimited, "{phone}");
    }
    assert_eq!(mock.count("login_with_otp"), 1);
    mock.clock().advance(CODE_WAIT);
    let _ = b
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await
        .unwrap();
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
    let mut pending = a
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    assert!(pending.resend_timer().remaining() > wait / 2);
    assert_eq!(kind(pending.resend().await), ErrorKind::RateLimited);
    let again = b
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await;
    assert_eq!(kind(again), ErrorKind::RateLimited);
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
    let mut pending = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
    for _ in 0..3 {
        mock.clock().advance(pending.resend_timer().remaining());
        pending.resend().await.unwrap();
    }
    mock.clock().advance(pending.resend_timer().remaining());
    let _ = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_refused_message_starts_no_timer_and_replaces_no_challenge() {
    let shared = SharedStore::memory();
    let mock = start_goodcity().await;
    let client = on_goodcity(&mock, shared.open().await);
    mock.fail_next("send_pin", 422);
    assert_eq!(
        kind(client.sign_in_with_pin(&MOBILE.parse().unwrap()).await),
        ErrorKind::Rejected
    );
    let pending = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
    mock.clock().advance(PIN_WAIT);
    mock.fail_next("send_pin", 422);
    assert_eq!(
        kind(client.sign_in_with_pin(&MOBILE.parse().unwrap()).await),
        ErrorKind::Rejected
    );
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    let _ = pending.confirm(pin).await.unwrap();

    // Delivery is unknown, so the timer runs.
    mock.clock().advance(PIN_WAIT);
    mock.fail_next("send_pin", 500);
    assert_eq!(
        kind(client.sign_in_with_pin(&MOBILE.parse().unwrap()).await),
        ErrorKind::Unavailable
    );
    assert_eq!(
        kind(client.sign_in_with_pin(&MOBILE.parse().unwrap()).await),
        ErrorKind::RateLimited
    );
    assert_eq!(mock.count("send_pin"), 4);
}
