//! A form, and the codes that remain.

use vestibule::fynd::{Challenge, Contact, Registration};

use super::*;

fn form(bench: &Bench) -> Registration {
    let form = bench.client.registration("Asha").last_name("Rao");
    form.mobile(ASHA, "+91").email(EMAIL).password(PASSWORD)
}

async fn taken_up(client: &Client, codes: &RemainingCodes) -> RemainingCodes {
    match client.challenge(codes.id()).await.unwrap() {
        Challenge::RemainingCodes(codes) => codes,
        other => panic!("{other:?} has no codes"),
    }
}

#[tokio::test]
async fn a_user_is_signed_in_when_no_code_remains_on_whatever_instance() {
    let bench = Bench::start().await;
    let sent = codes(form(&bench).submit().await.unwrap());
    assert_eq!(bench.messages(), 2);
    assert_eq!(sent.mobile(), Some(&Contact::mobile(ASHA, "91")));
    assert_eq!(sent.email(), Some(&Contact::email(EMAIL)));

    let elsewhere = taken_up(&bench.other, &sent).await;
    let half = elsewhere.confirm_mobile(bench.code(SMS)).await.unwrap();
    let half = codes(half);
    assert_eq!((half.mobile(), half.id()), (None, sent.id()));
    assert!(half.mobile_timer().is_none());

    // The handle from before knows neither the confirmed code nor the newest token.
    let returned = sent.confirm_mobile("1234").await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
    let signed_in = returned.state.confirm_email(bench.code(EMAIL)).await;
    let user = session(signed_in.unwrap());
    assert_eq!(first_name(&user).await, "Asha");
    assert!(user.has_password().await.unwrap());
    assert!(
        user.contacts()
            .await
            .unwrap()
            .iter()
            .all(|own| own.verified)
    );
    let over = half.confirm_email("1234").await;
    assert_eq!(kind(over), ErrorKind::SignInAgain);
    assert_eq!(bench.mock.count("verify_mobile_otp"), 1);
    assert_eq!(bench.mock.count("verify_email_otp"), 1);
}

#[tokio::test]
async fn each_contact_has_its_own_timer_and_its_own_newest_code() {
    let bench = Bench::start().await;
    let mut sent = codes(form(&bench).submit().await.unwrap());
    let (first_sms, first_email) = (bench.code(SMS), bench.code(EMAIL));
    assert_eq!(kind(sent.resend_to_mobile().await), ErrorKind::SlowDown);
    assert_eq!(kind(sent.resend_by_email().await), ErrorKind::SlowDown);
    let again = bench.other.otp_sign_in(ASHA, "91").send_code().await;
    assert_eq!(kind(again), ErrorKind::SlowDown);
    assert_eq!(bench.messages(), 2);

    bench.wait(31);
    sent.resend_to_mobile().await.unwrap();
    assert!(sent.mobile_timer().unwrap().remaining() > Duration::from_secs(25));
    assert!(sent.email_timer().unwrap().remaining().is_zero());
    let mut elsewhere = taken_up(&bench.other, &sent).await;
    elsewhere.resend_by_email().await.unwrap();
    bench.wait(31);
    // With the newest token, which only the store has told.
    sent.resend_by_email().await.unwrap();
    assert_eq!(bench.messages(), 5);

    let returned = sent.confirm_mobile(first_sms).await.unwrap_err();
    assert_eq!(returned.error.code(), Some("OTP_INVALID"));
    let returned = returned.state.confirm_email(first_email).await.unwrap_err();
    assert_eq!(returned.error.code(), Some("OTP_INVALID"));
    let half = returned.state.confirm_email(bench.code(EMAIL)).await;
    let half = codes(half.unwrap());
    assert!(half.email().is_none() && half.mobile().is_some());
    let signed_in = half.confirm_mobile(bench.code(SMS)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}

#[tokio::test]
async fn wrong_codes_of_both_contacts_count_together() {
    let bench = Bench::start().await;
    let mut sent = codes(form(&bench).submit().await.unwrap());
    let (sms, email) = (bench.code(SMS), bench.code(EMAIL));
    for _ in 0..3 {
        sent = sent
            .confirm_mobile(other_than(&sms))
            .await
            .unwrap_err()
            .state;
    }
    for _ in 0..2 {
        sent = sent
            .confirm_email(other_than(&email))
            .await
            .unwrap_err()
            .state;
    }
    let returned = sent.confirm_mobile(sms).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
    assert_eq!(bench.mock.count("verify_mobile_otp"), 3);

    bench.wait(31);
    let mut sent = returned.state;
    sent.resend_to_mobile().await.unwrap();
    assert!(sent.confirm_mobile(bench.code(SMS)).await.is_ok());
}

#[tokio::test]
async fn two_instances_confirm_both_codes_at_the_same_time() {
    let bench = Bench::start().await;
    let here = codes(form(&bench).submit().await.unwrap());
    let mut there = taken_up(&bench.other, &here).await;
    bench.wait(31);
    let mut here = here;
    let (one, two) = tokio::join!(here.resend_to_mobile(), there.resend_by_email());
    one.unwrap();
    two.unwrap();
    // Neither resend has overwritten the other's token.
    bench.wait(31);
    let mut fresh = taken_up(&bench.client, &here).await;
    fresh.resend_to_mobile().await.unwrap();
    fresh.resend_by_email().await.unwrap();
    let half = codes(fresh.confirm_mobile(bench.code(SMS)).await.unwrap());
    let signed_in = half.confirm_email(bench.code(EMAIL)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}

#[tokio::test]
async fn a_form_that_is_refused_costs_no_wait() {
    let (bench, _) = Bench::with_asha().await;
    assert_eq!(refused(form(&bench).submit().await), "CONTACT_TAKEN");
    assert_eq!(bench.messages(), 0);
    let sent = bench.client.otp_sign_in(ASHA, "91").send_code().await;
    assert!(sent.is_ok());
}

#[tokio::test]
async fn a_contact_that_waits_keeps_the_other_free() {
    let bench = Bench::start().await;
    let pending = bench.client.email_sign_in(EMAIL).send_code();
    drop(pending.await.unwrap());
    assert_eq!(kind(form(&bench).submit().await), ErrorKind::SlowDown);
    assert_eq!(bench.mock.count("register_with_form"), 0);
    let by_mobile = bench.client.otp_sign_in(ASHA, "91").send_code().await;
    assert!(
        by_mobile.is_ok(),
        "the form has given the mobile's place back"
    );
}

#[tokio::test]
async fn a_registration_goes_on_after_a_sign_in_by_password() {
    let bench = Bench::start().await;
    drop(form(&bench).submit().await.unwrap());
    bench.wait(31);
    let unfinished = bench.client.password_sign_in(EMAIL, PASSWORD).await;
    let SignIn::ProfileRequired(profile) = unfinished.unwrap() else {
        panic!("the registration is not finished");
    };
    let returned = profile.complete("Asha", "Rao").await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
    let profile = returned.state.mobile(ASHA, "91").email(EMAIL);
    let sent = codes(profile.complete("Asha", "Rao").await.unwrap());
    let half = codes(sent.confirm_email(bench.code(EMAIL)).await.unwrap());
    let signed_in = half.confirm_mobile(bench.code(SMS)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}
