//! A registration form, and the codes that remain.

use vestibule::fynd::{Challenge, SignUp};

use super::*;

fn form(harness: &Harness) -> SignUp {
    let form = harness.client.sign_up("Asha").last_name("Rao");
    form.phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap())
        .email(EMAIL)
        .password(PASSWORD)
}

async fn resumed(client: &Client, codes: &PendingCodes) -> PendingCodes {
    match client.resume_challenge(codes.id()).await.unwrap() {
        Challenge::PendingCodes(codes) => codes,
        other => panic!("{other:?} has no codes"),
    }
}

#[tokio::test]
async fn a_user_is_signed_in_on_any_instance_when_no_code_remains() {
    let harness = Harness::start().await;
    let sent = codes(form(&harness).send().await.unwrap());
    assert_eq!(harness.messages(), 2);
    assert_eq!(sent.phone(), Some(&format!("+91{ASHA}").parse().unwrap()));
    assert_eq!(sent.email(), Some(&EMAIL.parse().unwrap()));

    let on_other_instance = resumed(&harness.other, &sent).await;
    let partial = on_other_instance
        .confirm_phone(harness.code(SMS))
        .await
        .unwrap();
    let partial = codes(partial);
    assert_eq!((partial.phone(), partial.id()), (None, sent.id()));
    assert!(partial.phone_timer().is_none());

    // The older handle knows neither the confirmed code nor the newest token.
    let returned = sent.confirm_phone("1234").await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
    let signed_in = returned.state.confirm_email(harness.code(EMAIL)).await;
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
    let over = partial.confirm_email("1234").await;
    assert_eq!(kind(over), ErrorKind::Unauthenticated);
    assert_eq!(harness.mock.count("verify_mobile_otp"), 1);
    assert_eq!(harness.mock.count("verify_email_otp"), 1);
}

#[tokio::test]
async fn each_contact_has_its_own_timer_and_its_own_newest_code() {
    let harness = Harness::start().await;
    let mut sent = codes(form(&harness).send().await.unwrap());
    let (first_sms, first_email) = (harness.code(SMS), harness.code(EMAIL));
    assert_eq!(kind(sent.resend_phone().await), ErrorKind::RateLimited);
    assert_eq!(kind(sent.resend_email().await), ErrorKind::RateLimited);
    let again = harness
        .other
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await;
    assert_eq!(kind(again), ErrorKind::RateLimited);
    assert_eq!(harness.messages(), 2);

    harness.wait(31);
    sent.resend_phone().await.unwrap();
    assert!(sent.phone_timer().unwrap().remaining() > Duration::from_secs(25));
    assert!(sent.email_timer().unwrap().remaining().is_zero());
    let mut on_other_instance = resumed(&harness.other, &sent).await;
    on_other_instance.resend_email().await.unwrap();
    harness.wait(31);
    // With the newest token, which comes from the store.
    sent.resend_email().await.unwrap();
    assert_eq!(harness.messages(), 5);

    let returned = sent.confirm_phone(first_sms).await.unwrap_err();
    assert_eq!(returned.error.code(), Some("OTP_INVALID"));
    let returned = returned.state.confirm_email(first_email).await.unwrap_err();
    assert_eq!(returned.error.code(), Some("OTP_INVALID"));
    let partial = returned.state.confirm_email(harness.code(EMAIL)).await;
    let partial = codes(partial.unwrap());
    assert!(partial.email().is_none() && partial.phone().is_some());
    let signed_in = partial.confirm_phone(harness.code(SMS)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}

#[tokio::test]
async fn wrong_codes_of_both_contacts_count_separately() {
    let harness = Harness::start().await;
    let mut sent = codes(form(&harness).send().await.unwrap());
    let (sms, email) = (harness.code(SMS), harness.code(EMAIL));
    for _ in 0..5 {
        sent = sent
            .confirm_phone(other_than(&sms))
            .await
            .unwrap_err()
            .state;
    }
    for _ in 0..4 {
        sent = sent
            .confirm_email(other_than(&email))
            .await
            .unwrap_err()
            .state;
    }
    let returned = sent.confirm_phone(sms).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
    assert_eq!(harness.mock.count("verify_mobile_otp"), 5);
    let mut sent = codes(returned.state.confirm_email(email).await.unwrap());

    harness.wait(31);
    sent.resend_phone().await.unwrap();
    assert!(sent.confirm_phone(harness.code(SMS)).await.is_ok());
}

#[tokio::test]
async fn two_instances_confirm_both_codes_at_the_same_time() {
    let harness = Harness::start().await;
    let here = codes(form(&harness).send().await.unwrap());
    let mut there = resumed(&harness.other, &here).await;
    harness.wait(31);
    let mut here = here;
    let (one, two) = tokio::join!(here.resend_phone(), there.resend_email());
    one.unwrap();
    two.unwrap();
    // Neither resend has overwritten the other's token.
    harness.wait(31);
    let mut fresh = resumed(&harness.client, &here).await;
    fresh.resend_phone().await.unwrap();
    fresh.resend_email().await.unwrap();
    let partial = codes(fresh.confirm_phone(harness.code(SMS)).await.unwrap());
    let signed_in = partial.confirm_email(harness.code(EMAIL)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}

#[tokio::test]
async fn a_refused_form_starts_no_timer() {
    let (harness, _) = Harness::with_asha().await;
    assert_eq!(refused(form(&harness).send().await), "CONTACT_TAKEN");
    assert_eq!(harness.messages(), 0);
    let sent = harness
        .client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await;
    assert!(sent.is_ok());
}

#[tokio::test]
async fn the_timer_of_one_contact_does_not_block_the_other() {
    let harness = Harness::start().await;
    let pending = harness.client.sign_in_with_email_code(EMAIL).send();
    drop(pending.await.unwrap());
    assert_eq!(kind(form(&harness).send().await), ErrorKind::RateLimited);
    assert_eq!(harness.mock.count("register_with_form"), 0);
    let by_mobile = harness
        .client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await;
    assert!(
        by_mobile.is_ok(),
        "the form has released the mobile's timer"
    );
}

#[tokio::test]
async fn a_registration_continues_after_a_sign_in_by_password() {
    let harness = Harness::start().await;
    drop(form(&harness).send().await.unwrap());
    harness.wait(31);
    let unfinished = harness.client.sign_in_with_password(EMAIL, PASSWORD).await;
    let SignIn::ProfileRequired(profile) = unfinished.unwrap() else {
        panic!("the registration is not finished");
    };
    let returned = profile
        .first_name("Asha")
        .last_name("Rao")
        .send()
        .await
        .unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
    let profile = returned
        .state
        .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap())
        .email(EMAIL);
    let sent = codes(
        profile
            .first_name("Asha")
            .last_name("Rao")
            .send()
            .await
            .unwrap(),
    );
    let partial = codes(sent.confirm_email(harness.code(EMAIL)).await.unwrap());
    let signed_in = partial.confirm_phone(harness.code(SMS)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}
