//! Each state is resumed by its id on another instance that shares the store, in another request.

use std::sync::Arc;
use std::time::Duration;

use vestibule::ErrorKind;
use vestibule::store::MemoryStore;
use vestibule::wunder::Challenge;

use super::*;

/// Two instances over one store.
async fn two() -> (Wunder, Client, Client) {
    let mock = Wunder::start().await;
    mock.add_user(ada());
    let store = Arc::new(MemoryStore::default());
    let instance = || builder(&mock).store(store.clone()).build().unwrap();
    let (a, b) = (instance(), instance());
    (mock, a, b)
}

#[tokio::test]
async fn a_sign_in_by_email_code_continues_on_another_instance_up_to_the_second_factor() {
    let (mock, a, b) = two().await;
    mock.require_mfa(&PHONE.parse().unwrap(), "246810");
    let sent = a
        .sign_in_with_email_code(EMAIL)
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let id = sent.id().clone();
    let Challenge::PendingCode(pending) = b.resume_challenge(&id).await.unwrap() else {
        panic!("a code is pending");
    };
    let needed = mfa(pending.confirm(code_to(&mock, EMAIL)).await.unwrap());
    assert_eq!(*needed.id(), id);
    let Challenge::MfaRequired(needed) = a.resume_challenge(&id).await.unwrap() else {
        panic!("a second factor is pending");
    };
    let session = needed.confirm("246810").await.unwrap();
    assert_eq!(
        kind(b.resume_challenge(&id).await),
        ErrorKind::Unauthenticated
    );
    // A step that began before the expiry is refused without being sent.
    let late = sent.confirm("123456").await;
    assert_eq!(kind(late), ErrorKind::Unauthenticated);
    let on_other_instance = b.resume_session(session.id()).await.unwrap();
    on_other_instance.profile().await.unwrap();
}

#[tokio::test]
async fn a_reset_continues_on_another_instance() {
    let (mock, a, b) = two().await;
    let id = a.reset_password_by_code(EMAIL).await.unwrap().id().clone();
    let mut reset = b.resume_password_reset(&id).await.unwrap();
    reset.resend().await.unwrap();
    let reset = a.resume_password_reset(&id).await.unwrap();
    reset
        .set_password(
            code_to(&mock, EMAIL),
            vestibule::NewPassword::new("a better horse"),
        )
        .await
        .unwrap();
    assert_eq!(
        kind(b.resume_password_reset(&id).await),
        ErrorKind::Unauthenticated
    );
}

#[tokio::test]
async fn a_verification_and_an_enrolment_continue_on_another_instance() {
    let (mock, a, b) = two().await;
    let here = session_of(&a).await;
    let there = b.resume_session(here.id()).await.unwrap();

    let id = here.verify_phone().await.unwrap().id().clone();
    let verification = there.resume_phone_verification(&id).await.unwrap();
    assert_eq!(verification.phone().to_e164(), PHONE);
    let profile = verification.confirm(code_to(&mock, PHONE)).await.unwrap();
    assert_eq!(profile.phone_is_verified, Some(true));

    let enrolment = here.request_mfa_enrolment().await.unwrap();
    let resumed = there.resume_mfa_enrolment(enrolment.id()).await.unwrap();
    assert_eq!(resumed.secret(), enrolment.secret());
    mock.clock().advance(Duration::from_secs(30));
    let code = mock.second_factor_code(EMAIL).unwrap();
    resumed.confirm(code).await.unwrap();
    let _ = mfa(b.sign_in_with_password(EMAIL, PASSWORD).await.unwrap());
}

#[tokio::test]
async fn an_unfinished_step_expires() {
    let (mock, a, b) = two().await;
    let session = session_of(&a).await;
    let email = a
        .sign_in_with_email_code(EMAIL)
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let reset = a.reset_password_by_code(EMAIL).await.unwrap();
    let verification = session.verify_phone().await.unwrap();
    let enrolment = session.request_mfa_enrolment().await.unwrap();
    mock.clock().advance(Duration::from_secs(15 * 60));
    let there = b.resume_session(session.id()).await.unwrap();
    for ended in [
        kind(b.resume_challenge(email.id()).await),
        kind(b.resume_password_reset(reset.id()).await),
        kind(there.resume_phone_verification(verification.id()).await),
        kind(there.resume_mfa_enrolment(enrolment.id()).await),
        kind(email.confirm("123456").await),
        kind(
            reset
                .set_password("123456", vestibule::NewPassword::new("a better horse"))
                .await,
        ),
        kind(verification.confirm("123456").await),
        kind(enrolment.confirm("123456").await),
    ] {
        assert_eq!(ended, ErrorKind::Unauthenticated);
    }
    assert_eq!(mock.count("sign_in_email_code"), 0);
    assert_eq!(mock.count("two_factor_enable"), 0);
}
