//! Codes by e-mail work like codes by mobile.

use vestibule::Contact;
use vestibule::fynd::Challenge;

use super::*;

#[tokio::test]
async fn a_code_by_e_mail_signs_in_after_a_resend_and_a_restart() {
    let (harness, _) = Harness::with_asha().await;
    let sign_in = harness.client.sign_in_with_email_code(EMAIL);
    let mut pending = sign_in.send().await.unwrap();
    assert_eq!(*pending.contact(), Contact::email(EMAIL).unwrap());
    assert_eq!(pending.request_id(), None);
    let first = harness.code(EMAIL);
    assert_eq!(kind(pending.resend().await), ErrorKind::RateLimited);
    let again = harness
        .other
        .sign_in_with_email_code("ASHA@example.com")
        .send();
    assert_eq!(kind(again.await), ErrorKind::RateLimited);
    assert_eq!(harness.messages(), 1);

    harness.wait(31);
    let Challenge::PendingCode(mut pending) =
        harness.other.resume_challenge(pending.id()).await.unwrap()
    else {
        panic!("the step is a code");
    };
    pending.resend().await.unwrap();
    let returned = pending.confirm(first).await.unwrap_err();
    assert_eq!(returned.error.code(), Some("OTP_INVALID"));
    let id = returned.state.id().clone();
    let signed_in = returned.state.confirm(harness.code(EMAIL)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
    assert_eq!(
        kind(harness.client.resume_challenge(&id).await),
        ErrorKind::Unauthenticated
    );
}

#[tokio::test]
async fn wrong_codes_by_e_mail_are_limited_to_five() {
    let (harness, _) = Harness::with_asha().await;
    let sign_in = harness.client.sign_in_with_email_code(EMAIL);
    let mut pending = sign_in.send().await.unwrap();
    let right = harness.code(EMAIL);
    for _ in 0..5 {
        let returned = pending.confirm(other_than(&right)).await.unwrap_err();
        assert_eq!(returned.error.kind(), ErrorKind::Rejected);
        pending = returned.state;
    }
    let returned = pending.confirm(right).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
    assert_eq!(harness.mock.count("verify_email_otp"), 5);
}
