//! What a tenant's server refuses, as each flow meets it.

use std::time::Duration;

use serde_json::json;
use vestibule::ErrorKind;
use vestibule::wunder::Step;

use super::*;

#[tokio::test]
async fn who_is_locked_out_is_sent_no_code_and_has_nothing_to_wait_for() {
    let mock = Wunder::start().await;
    let wait = Duration::from_secs(60);
    let client = builder(&mock).resend_wait(wait).build().unwrap();
    mock.add_user(ada());
    mock.lock_user(EMAIL);
    let by_phone = client.phone_sign_in(PHONE, "2");
    assert_eq!(code(by_phone.clone().send_code().await), "U131");
    let by_email = client.email_code_sign_in(EMAIL, "2");
    assert_eq!(code(by_email.clone().send_code().await), "U131");
    assert!(mock.outbox().messages().is_empty());
    mock.unlock_user(EMAIL);
    assert!(by_phone.send_code().await.is_ok());
    assert!(by_email.send_code().await.is_ok());
}

#[tokio::test]
async fn who_is_locked_out_while_a_code_is_on_its_way_is_not_signed_in() {
    let (mock, client) = start().await;
    let google = json!({"token": "from-google"});
    let gaiyo = json!({"token": "from-gaiyo"});
    let user = ada().social("google", "from-google");
    mock.add_user(user.social("gaiyo", "from-gaiyo"));
    let by_phone = client.phone_sign_in(PHONE, "2").send_code().await.unwrap();
    let by_email = client.email_code_sign_in(EMAIL, "2").send_code();
    let by_email = by_email.await.unwrap();
    mock.lock_user(EMAIL);
    let by_phone = by_phone.confirm(code_to(&mock, PHONE)).await;
    assert_eq!(code(by_phone), "U131");
    let by_email = by_email.confirm(code_to(&mock, EMAIL)).await;
    assert_eq!(code(by_email), "U131");
    assert_eq!(code(client.social_sign_in(&google).await), "U131");
    assert_eq!(code(client.gaiyo_sign_in(&gaiyo).await), "U131");
}

#[tokio::test]
async fn who_is_locked_out_while_signed_in_gets_no_new_token() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    mock.lock_user(EMAIL);
    assert_eq!(code(session.profile().await), "U131");
    assert_eq!(session.shared().ended(), None, "the token was not refused");
    mock.clock().advance(Duration::from_secs(6 * 3600));
    assert_eq!(kind(session.profile().await), ErrorKind::SignInAgain);
    assert_eq!(mock.count("refresh_token"), 1);
    assert!(session.shared().ended().is_some());
}

#[tokio::test]
async fn a_way_in_that_the_tenant_does_not_offer_is_refused() {
    let (mock, client) = start().await;
    mock.add_user(ada().social("google", "from-google"));
    mock.add_api_client("service", "service-key");
    let sent = client.phone_sign_in(PHONE, "2").send_code().await.unwrap();
    for operation in [
        "create_or_sign_in_with_phone_number",
        "create_or_sign_in_with_email_code",
        "sign_in_phone_number",
        "social_login",
        "sign_in_gaiyo",
        "sign_in_api_client",
        "create_customer",
        "social_sign_up",
    ] {
        mock.disable_operation(operation);
    }
    let login = json!({"token": "from-google"});
    let by_phone = client.phone_sign_in("+43987654321", "2");
    let by_email = client.email_code_sign_in(EMAIL, "2");
    let bob = client.register().email("bob@example.org");
    for refused in [
        code(by_phone.send_code().await),
        code(by_email.send_code().await),
        code(sent.confirm(code_to(&mock, PHONE)).await),
        code(client.social_sign_in(&login).await),
        code(client.gaiyo_sign_in(&login).await),
        code(client.api_client_sign_in("service", "service-key").await),
        code(bob.create().await),
        code(client.social_sign_up(&login).await),
    ] {
        assert_eq!(refused, "U109");
    }
}

#[tokio::test]
async fn a_branch_that_there_is_not_is_refused() {
    let (mock, client) = start().await;
    mock.add_branch("7", "Vienna", 48.0..=49.0, 16.0..=17.0);
    assert_eq!(code(client.resolve_branch(0.0, 0.0).await), "B101");
    let by_phone = client.phone_sign_in(PHONE, "9").send_code().await;
    assert_eq!(code(by_phone), "U801");
    let by_email = client.email_code_sign_in(EMAIL, "9").send_code().await;
    assert_eq!(code(by_email), "U801");
    let registration = client.register().email(EMAIL).branch_id("9");
    assert_eq!(code(registration.create().await), "U801");
    assert!(mock.outbox().messages().is_empty());
}

#[tokio::test]
async fn a_code_that_has_ended_is_refused_like_a_wrong_one() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let signed_in = session_of(&client).await;
    let by_phone = client.phone_sign_in(PHONE, "2").send_code().await.unwrap();
    let phone_code = code_to(&mock, PHONE);
    let verification = signed_in.verify_phone().await.unwrap();
    let verification_code = code_to(&mock, PHONE);
    let by_email = client.email_code_sign_in(EMAIL, "2").send_code();
    let by_email = by_email.await.unwrap();
    let email_code = code_to(&mock, EMAIL);
    let reset = client.request_password_reset(EMAIL).await.unwrap();
    let reset_code = code_to(&mock, EMAIL);
    mock.expire_codes();
    assert_eq!(code(by_email.confirm(email_code).await), "U107");
    assert_eq!(
        code(reset.set_password(reset_code, "a new one").await),
        "U107"
    );
    assert_eq!(code(verification.check(verification_code).await), "U302");
    let returned = by_phone.confirm(phone_code).await.unwrap_err();
    assert_eq!(returned.error.code(), Some("U107"));
    let mut by_phone = returned.state;
    by_phone.resend().await.unwrap();
    session(by_phone.confirm(code_to(&mock, PHONE)).await.unwrap());
}

#[tokio::test]
async fn a_password_that_is_the_address_is_refused() {
    let (mock, client) = start().await;
    let registration = client.register().email(EMAIL).password(EMAIL);
    assert_eq!(code(registration.create().await), "U101.2");
    mock.add_user(ada());
    let reset = client.request_password_reset(EMAIL).await.unwrap();
    let sent = code_to(&mock, EMAIL);
    let returned = reset.set_password(sent.as_str(), EMAIL).await.unwrap_err();
    assert_eq!(returned.error.code(), Some("U101.2"));
    returned
        .state
        .set_password(sent, "a new one")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_social_account_that_nobody_vouches_for_or_whose_address_is_taken_is_not_signed_up() {
    let (mock, client) = start().await;
    let made_up = json!({"email": EMAIL, "token": "made up"});
    assert_eq!(code(client.social_sign_up(&made_up).await), "U107");
    mock.add_user(ada());
    mock.add_social_account("google", "from-google", Some(EMAIL));
    let taken = json!({"email": EMAIL, "token": "from-google"});
    assert_eq!(code(client.social_sign_up(&taken).await), "U141");
}

#[tokio::test]
async fn an_account_of_gaiyo_that_is_no_user_yet_is_refused() {
    let (mock, client) = start().await;
    mock.add_social_account("gaiyo", "from-gaiyo", None);
    let unknown = client.gaiyo_sign_in(&json!({"token": "from-gaiyo"})).await;
    assert_eq!(code(unknown), "U106");
}

#[tokio::test]
async fn an_address_that_nobody_has_is_sent_no_verification() {
    let (mock, client) = start().await;
    let sent = client.resend_email_verification(EMAIL).await;
    assert_eq!(code(sent), "U106");
    assert!(mock.outbox().messages().is_empty());
}

#[tokio::test]
async fn a_number_that_another_user_has_is_refused() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    mock.add_user(WunderUser::new().phone("+43987654321"));
    let change = session_of(&client).await.change_profile();
    assert_eq!(code(change.phone("+43987654321").save().await), "U102");
}

#[tokio::test]
async fn terms_that_there_are_not_are_not_accepted() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    let gone = serde_json::from_value(json!({"id": 99})).unwrap();
    assert_eq!(code(session.accept_terms(&gone).await), "R404");
}

#[tokio::test]
async fn only_an_api_client_acts_for_somebody() {
    let (mock, client) = start().await;
    let uuid = mock.add_user(ada());
    let session = session_of(&client).await;
    let acting = session.acting_for(&uuid).unwrap();
    assert_eq!(code(acting.profile().await), "A107");
    session.profile().await.unwrap();
}

#[tokio::test]
async fn an_enrolment_that_another_one_has_overtaken_enables_nothing() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    let older = session.enrol_mfa().await.unwrap();
    let newer = session.enrol_mfa().await.unwrap();
    mock.clock().advance(Duration::from_secs(30));
    let shown = mock.second_factor_code(EMAIL).unwrap();
    newer.enable(shown.as_str()).await.unwrap();
    assert_eq!(code(older.enable(shown).await), "U122");
}

#[tokio::test]
async fn a_profile_without_an_address_leads_to_the_profile() {
    let (mock, client) = start().await;
    mock.add_user(WunderUser::new().verified_phone(PHONE).branch("2"));
    let pending = client.phone_sign_in(PHONE, "2").send_code().await.unwrap();
    let session = session(pending.confirm(code_to(&mock, PHONE)).await.unwrap());
    let demand = vestibule::testing::WunderRequirement::CompleteProfile;
    mock.require("request_deletion", demand);
    let error = session.request_deletion().await.unwrap_err();
    assert_eq!(error.code(), Some("U130.2"));
    assert_eq!(Step::of(&error), Some(Step::CompleteProfile));
}
