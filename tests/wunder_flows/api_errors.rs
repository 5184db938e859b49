//! Errors of a tenant's server in each flow.

use std::time::Duration;

use serde_json::json;
use vestibule::ErrorKind;
use vestibule::wunder::Step;

use super::*;

#[tokio::test]
async fn a_locked_user_is_sent_no_code_and_starts_no_timer() {
    let mock = Wunder::start().await;
    let wait = Duration::from_secs(60);
    let client = builder(&mock).resend_wait(wait).build().unwrap();
    mock.add_user(ada());
    mock.lock_user(EMAIL);
    let by_phone = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2");
    assert_eq!(code(by_phone.clone().send().await), "U131");
    let by_email = client.sign_in_with_email_code(EMAIL).branch_id("2");
    assert_eq!(code(by_email.clone().send().await), "U131");
    assert!(mock.outbox().messages().is_empty());
    mock.unlock_user(EMAIL);
    assert!(by_phone.send().await.is_ok());
    assert!(by_email.send().await.is_ok());
}

#[tokio::test]
async fn a_user_locked_after_a_code_was_sent_is_not_signed_in() {
    let (mock, client) = start().await;
    let google = json!({"token": "from-google"});
    let gaiyo = json!({"token": "from-gaiyo"});
    let user = ada().social("google", "from-google".into());
    mock.add_user(user.social("gaiyo", "from-gaiyo".into()));
    let by_phone = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let by_email = client.sign_in_with_email_code(EMAIL).branch_id("2").send();
    let by_email = by_email.await.unwrap();
    mock.lock_user(EMAIL);
    let by_phone = by_phone.confirm(code_to(&mock, PHONE)).await;
    assert_eq!(code(by_phone), "U131");
    let by_email = by_email.confirm(code_to(&mock, EMAIL)).await;
    assert_eq!(code(by_email), "U131");
    assert_eq!(code(client.sign_in_with_social(&google).await), "U131");
    assert_eq!(code(client.sign_in_with_gaiyo(&gaiyo).await), "U131");
}

#[tokio::test]
async fn a_user_locked_while_signed_in_gets_no_new_token_and_the_session_ends() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    mock.lock_user(EMAIL);
    assert_eq!(code(session.profile().await), "U131");
    assert_eq!(session.shared().ended(), None, "the token was not refused");
    mock.clock().advance(Duration::from_secs(6 * 3600));
    // This code is none of those that end a session at once: the user may be unlocked.
    for refresh in 1..=5 {
        assert_eq!(kind(session.profile().await), ErrorKind::Unavailable);
        assert_eq!(mock.count("refresh_token"), refresh);
        mock.clock().advance(Duration::from_secs(60));
    }
    assert_eq!(kind(session.profile().await), ErrorKind::Unauthenticated);
    assert!(session.shared().ended().is_some());
}

#[tokio::test]
async fn a_sign_in_method_that_the_tenant_does_not_offer_is_refused() {
    let (mock, client) = start().await;
    mock.add_user(ada().social("google", "from-google".into()));
    mock.add_api_client("service", &"service-key".into());
    let sent = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
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
    let by_phone = client
        .sign_in_with_phone_code(&"+43987654321".parse().unwrap())
        .branch_id("2");
    let by_email = client.sign_in_with_email_code(EMAIL).branch_id("2");
    let bob = client.sign_up().email("bob@example.org");
    for refused in [
        code(by_phone.send().await),
        code(by_email.send().await),
        code(sent.confirm(code_to(&mock, PHONE)).await),
        code(client.sign_in_with_social(&login).await),
        code(client.sign_in_with_gaiyo(&login).await),
        code(
            client
                .sign_in_with_api_client("service", vestibule::Secret::from("service-key"))
                .await,
        ),
        code(bob.send().await),
        code(client.sign_up_with_social(&login).await),
    ] {
        assert_eq!(refused, "U109");
    }
}

#[tokio::test]
async fn an_unknown_branch_is_refused() {
    let (mock, client) = start().await;
    mock.add_branch("7", 48.0..=49.0, 16.0..=17.0, "Vienna");
    assert_eq!(code(client.branch(0.0, 0.0).await), "B101");
    let by_phone = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("9")
        .send()
        .await;
    assert_eq!(code(by_phone), "U801");
    let by_email = client
        .sign_in_with_email_code(EMAIL)
        .branch_id("9")
        .send()
        .await;
    assert_eq!(code(by_email), "U801");
    let registration = client.sign_up().email(EMAIL).branch_id("9");
    assert_eq!(code(registration.send().await), "U801");
    assert!(mock.outbox().messages().is_empty());
}

#[tokio::test]
async fn an_expired_code_is_refused_like_a_wrong_one() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let signed_in = session_of(&client).await;
    let by_phone = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let phone_code = code_to(&mock, PHONE);
    let verification = signed_in.verify_phone().await.unwrap();
    let verification_code = code_to(&mock, PHONE);
    let by_email = client.sign_in_with_email_code(EMAIL).branch_id("2").send();
    let by_email = by_email.await.unwrap();
    let email_code = code_to(&mock, EMAIL);
    let reset = client.reset_password_by_code(EMAIL).await.unwrap();
    let reset_code = code_to(&mock, EMAIL);
    mock.expire_codes();
    assert_eq!(code(by_email.confirm(email_code).await), "U107");
    assert_eq!(
        code(
            reset
                .set_password(reset_code, vestibule::NewPassword::new("a new one"))
                .await
        ),
        "U107"
    );
    assert_eq!(code(verification.confirm(verification_code).await), "U302");
    let returned = by_phone.confirm(phone_code).await.unwrap_err();
    assert_eq!(returned.error.code(), Some("U107"));
    let mut by_phone = returned.state;
    by_phone.resend().await.unwrap();
    session(by_phone.confirm(code_to(&mock, PHONE)).await.unwrap());
}

#[tokio::test]
async fn a_password_that_is_the_address_is_refused() {
    let (mock, client) = start().await;
    let registration = client.sign_up().email(EMAIL).password(EMAIL);
    assert_eq!(code(registration.send().await), "U101.2");
    mock.add_user(ada());
    let reset = client.reset_password_by_code(EMAIL).await.unwrap();
    let sent = code_to(&mock, EMAIL);
    let returned = reset
        .set_password(sent.as_str(), vestibule::NewPassword::new(EMAIL))
        .await
        .unwrap_err();
    assert_eq!(returned.error.code(), Some("U101.2"));
    returned
        .state
        .set_password(sent, vestibule::NewPassword::new("a new one"))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_unverified_or_already_known_social_account_is_not_signed_up() {
    let (mock, client) = start().await;
    let invented = json!({"email": EMAIL, "token": "made up"});
    assert_eq!(code(client.sign_up_with_social(&invented).await), "U107");
    mock.add_user(ada());
    mock.add_social_account("google", &"from-google".into(), Some(EMAIL));
    let taken = json!({"email": EMAIL, "token": "from-google"});
    assert_eq!(code(client.sign_up_with_social(&taken).await), "U141");
}

#[tokio::test]
async fn an_account_of_gaiyo_that_is_no_user_yet_is_refused() {
    let (mock, client) = start().await;
    mock.add_social_account("gaiyo", &"from-gaiyo".into(), None);
    let unknown = client
        .sign_in_with_gaiyo(&json!({"token": "from-gaiyo"}))
        .await;
    assert_eq!(code(unknown), "U106");
}

#[tokio::test]
async fn an_unknown_address_is_sent_no_verification() {
    let (mock, client) = start().await;
    let sent = client.resend_email_verification(EMAIL).await;
    assert_eq!(code(sent), "U106");
    assert!(mock.outbox().messages().is_empty());
}

#[tokio::test]
async fn a_number_of_another_user_is_refused() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    mock.add_user(WunderUser::new().phone("+43987654321"));
    let change = session_of(&client).await.update_profile();
    assert_eq!(
        code(
            change
                .phone(vestibule::Phone::parse("+43987654321").unwrap())
                .send()
                .await
        ),
        "U102"
    );
}

#[tokio::test]
async fn unknown_terms_are_not_accepted() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    let gone = serde_json::from_value(json!({"id": 99})).unwrap();
    assert_eq!(code(session.accept_terms(&gone).await), "R404");
}

#[tokio::test]
async fn only_an_api_client_acts_for_a_user() {
    let (mock, client) = start().await;
    let uuid = mock.add_user(ada());
    let session = session_of(&client).await;
    let acting = session.impersonate(&uuid).unwrap();
    assert_eq!(code(acting.profile().await), "A107");
    session.profile().await.unwrap();
}

#[tokio::test]
async fn a_superseded_enrolment_enables_nothing() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    let older = session.request_mfa_enrolment().await.unwrap();
    let newer = session.request_mfa_enrolment().await.unwrap();
    mock.clock().advance(Duration::from_secs(30));
    let shown = mock.second_factor_code(EMAIL).unwrap();
    newer.confirm(shown.as_str()).await.unwrap();
    assert_eq!(code(older.confirm(shown).await), "U122");
}

#[tokio::test]
async fn a_profile_without_an_address_maps_to_the_step_that_adds_one() {
    let (mock, client) = start().await;
    mock.add_user(WunderUser::new().verified_phone(PHONE).branch("2"));
    let pending = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let session = session(pending.confirm(code_to(&mock, PHONE)).await.unwrap());
    let requirement = vestibule::testing::WunderRequirement::CompleteProfile;
    mock.require("request_deletion", requirement);
    let error = session.request_deletion().await.unwrap_err();
    assert_eq!(error.code(), Some("U130.3"));
    assert_eq!(Step::of(&error), Some(Step::AddEmail));
}
