//! At most five wrong codes are sent, from all instances together.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use vestibule::testing::{Fault, FaultProxy, FaultRule, WalletCrew};
use vestibule::wunder::{Challenge, SignIn};
use vestibule::{Delivery, ErrorKind, Settings};

use crate::instances::*;
use crate::stores::{FaultyStore, SharedStore};
use crate::support::proof;

#[tokio::test]
async fn a_challenge_that_has_changed_is_loaded_while_its_destination_is() {
    let (mock, store) = (start_goodcity().await, Arc::new(FaultyStore::default()));
    let client = on_goodcity(&mock, store.clone());
    let pending = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    let same = client.resume_challenge(pending.id()).await.unwrap();
    assert_eq!(
        kind(same.confirm(other_than(&pin, 0)).await),
        ErrorKind::Rejected
    );
    store.take_max_loading();
    let _ = pending.confirm(pin).await.unwrap();
    assert_eq!(store.take_max_loading(), 2);
}

#[tokio::test]
async fn after_five_wrong_codes_nothing_is_sent_before_a_new_code() {
    let mock = start_goodcity().await;
    let shared = SharedStore::memory();
    let (a, b) = (
        on_goodcity(&mock, shared.open().await),
        on_goodcity(&mock, shared.open().await),
    );
    let id = a
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap()
        .id()
        .clone();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    for nth in 0..5 {
        let instance = if nth % 2 == 0 { &a } else { &b };
        let pending = instance.resume_challenge(&id).await.unwrap();
        let refused = pending.confirm(other_than(&pin, nth)).await;
        assert_eq!(kind(refused), ErrorKind::Rejected);
    }
    for instance in [&a, &b] {
        let pending = instance.resume_challenge(&id).await.unwrap();
        let error = pending.confirm(pin.as_str()).await.unwrap_err().error;
        assert_eq!(error.kind(), ErrorKind::StepRequired);
        assert!(error.to_string().contains("request a new code"), "{error}");
    }
    assert_eq!(mock.count("verify"), 5);

    mock.clock().advance(PIN_WAIT);
    let mut pending = b.resume_challenge(&id).await.unwrap();
    pending.resend().await.unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    let _ = pending.confirm(pin).await.unwrap();
    assert_eq!(mock.count("verify"), 6);
}

#[tokio::test]
async fn of_fifty_concurrent_attempts_five_are_sent() {
    let mut stores = 0;
    for shared in SharedStore::all() {
        let mock = start_goodcity().await;
        let (a, b) = (
            on_goodcity(&mock, shared.open().await),
            on_goodcity(&mock, shared.open().await),
        );
        let id = a
            .sign_in_with_pin(&MOBILE.parse().unwrap())
            .await
            .unwrap()
            .id()
            .clone();
        let pin = mock.outbox().last_code(MOBILE).unwrap();
        let mut attempts = JoinSet::new();
        for nth in 0..50 {
            let instance = if nth % 2 == 0 { &a } else { &b };
            let pending = instance.resume_challenge(&id).await.unwrap();
            let attempt = other_than(&pin, nth);
            attempts.spawn(async move { kind(pending.confirm(attempt).await) });
        }
        let kinds = attempts.join_all().await;
        let count = |kind| kinds.iter().filter(|&&is| is == kind).count();
        assert_eq!(count(ErrorKind::Rejected), 5, "{kinds:?}");
        assert_eq!(count(ErrorKind::StepRequired), 45, "{kinds:?}");
        assert_eq!(mock.count("verify"), 5);
        let pending = a.resume_challenge(&id).await.unwrap();
        let right = pending.confirm(pin).await;
        assert_eq!(kind(right), ErrorKind::StepRequired);
        stores += 1;
    }
    let figure = format!("attempts=50 instances=2 stores={stores} sent-at-most=5");
    proof("challenge-brute-force", &figure);
}

#[tokio::test]
async fn second_factors_email_codes_and_verifications_are_limited_too() {
    let shared = SharedStore::memory();
    let mock = start_wunder().await;
    let client = on_wunder(&mock, shared.open().await);
    let mut pending = client
        .sign_in_with_phone_code(&MFA_PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    for _ in 0..4 {
        pending = pending.confirm("000000").await.unwrap_err().state;
    }
    let code = mock.outbox().last_code(MFA_PHONE).unwrap();
    let Ok(SignIn::MfaRequired(mut mfa)) = pending.confirm(code).await else {
        panic!("a second factor was expected");
    };
    for _ in 0..5 {
        let returned = mfa.confirm("111111").await.unwrap_err();
        assert_eq!(returned.error.kind(), ErrorKind::Rejected);
        mfa = returned.state;
    }
    // Attempts of another handle are counted together with it.
    let Ok(Challenge::MfaRequired(other)) = client.resume_challenge(mfa.id()).await else {
        panic!("a second factor was expected");
    };
    let refused = other.confirm(MFA_CODE).await;
    assert_eq!(kind(refused), ErrorKind::StepRequired);
    assert_eq!(kind(mfa.confirm(MFA_CODE).await), ErrorKind::StepRequired);
    assert_eq!(mock.count("two_factor_code_validate"), 5);

    let mock = start_fynd().await;
    let client = on_fynd(&mock, shared.open().await);
    let mut pending = client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await
        .unwrap();
    let code = mock.outbox().last_code(&format!("+91{ASHA}")).unwrap();
    let wrong = if code == "1111" { "2222" } else { "1111" };
    for _ in 0..5 {
        pending = pending.confirm(wrong).await.unwrap_err().state;
    }
    assert_eq!(kind(pending.confirm(code).await), ErrorKind::StepRequired);
    assert_eq!(mock.count("verify_mobile_otp"), 5);

    let mock = WalletCrew::start().await;
    let client = on_walletcrew(&mock, shared.open().await);
    let mut challenge = challenge_of(&client).await;
    for _ in 0..5 {
        let answered = challenge.confirm("otp", &login("000000")).await;
        challenge = answered.unwrap_err().state;
    }
    let code = mock.outbox().last_code(EMAIL).unwrap();
    let answered = challenge.confirm("otp", &login(&code)).await;
    assert_eq!(kind(answered), ErrorKind::StepRequired);
    assert_eq!(mock.count("authenticate"), 5);
}

/// An attempt that was certainly not checked is not counted; one that may have been checked is.
#[tokio::test]
async fn an_attempt_that_was_not_checked_is_not_counted() {
    let mock = start_goodcity().await;
    let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
    let shared = SharedStore::memory();
    let store = shared.open().await;
    let client = goodcity_at(proxy.base_url(), &mock, store.clone());
    let client = client.build().unwrap();
    let mut pending = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
    // The deadline has passed, so the call is not started.
    let settings = Settings::new().deadline(Duration::ZERO);
    let late = goodcity_at(proxy.base_url(), &mock, store).settings(settings);
    let late = late.build().unwrap();
    for _ in 0..6 {
        let late = late.resume_challenge(pending.id()).await.unwrap();
        let error = late.confirm("0000").await.unwrap_err().error;
        assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
        assert_ne!(error.kind(), ErrorKind::StepRequired, "{error}");
    }
    for malformed in ["", "12", "12345", "abcd", "1 23", "0x12"] {
        pending = pending.confirm(malformed).await.unwrap_err().state;
    }
    assert_eq!(mock.count("verify"), 0);

    proxy.inject(FaultRule::new(Fault::ResetAfterRequest).on("/verify"));
    for _ in 0..5 {
        pending = pending.confirm("0000").await.unwrap_err().state;
    }
    proxy.reset();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    assert_eq!(kind(pending.confirm(pin).await), ErrorKind::StepRequired);
    assert_eq!(mock.count("verify"), 5);
}
