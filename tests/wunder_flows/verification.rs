//! A signed-in user verifies a number, an address or an identity.

use serde_json::json;
use vestibule::ErrorKind;

use super::*;

async fn signed_in() -> (Wunder, Client, Session) {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    (mock, client, session)
}

#[tokio::test]
async fn a_number_is_verified_and_the_profile_read_again() {
    let (mock, _, session) = signed_in().await;
    assert_eq!(
        session.profile().await.unwrap().phone_is_verified,
        Some(false)
    );
    let verification = session.verify_phone().await.unwrap();
    assert_eq!(verification.phone().to_e164(), PHONE);
    let sent = code_to(&mock, PHONE);
    let returned = verification.confirm(other_than(&sent)).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Rejected);
    assert_eq!(returned.error.code(), Some("U302"));
    let profile = returned.state.confirm(sent).await.unwrap();
    assert_eq!(profile.phone_is_verified, Some(true));
    assert_eq!(mock.count("sign_in_phone_number"), 0);
}

#[tokio::test]
async fn a_verification_is_resumed_by_its_own_session_only() {
    let (mock, client, session) = signed_in().await;
    let id = session.verify_phone().await.unwrap().id().clone();
    let other = session_of(&client).await;
    let resumed = other.resume_phone_verification(&id).await;
    assert_eq!(kind(resumed), ErrorKind::Unauthenticated);
    let restarted = client.resume_session(session.id()).await.unwrap();
    let mut verification = restarted.resume_phone_verification(&id).await.unwrap();
    verification.resend().await.unwrap();
    verification.confirm(code_to(&mock, PHONE)).await.unwrap();
    let finished = session.resume_phone_verification(&id).await;
    assert_eq!(kind(finished), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_verification_of_one_user_cannot_be_continued_for_another() {
    let (mock, client) = start().await;
    mock.add_api_client("service", &"service-key".into());
    let a = mock.add_user(WunderUser::new().phone(PHONE).created_by("service"));
    let other = WunderUser::new().phone("+43987654321");
    let b = mock.add_user(other.created_by("service"));
    let signed_in = client
        .sign_in_with_api_client("service", vestibule::Secret::from("service-key"))
        .await;
    let service = super::session(signed_in.unwrap());
    let for_a = service.impersonate(&a).unwrap();
    let id = for_a.verify_phone().await.unwrap().id().clone();
    let for_b = service.impersonate(&b).unwrap();
    for other_session in [&for_b, &service] {
        let found = other_session.resume_phone_verification(&id).await;
        assert_eq!(kind(found), ErrorKind::Unauthenticated);
    }
    let again = service.impersonate(&a.to_uppercase()).unwrap();
    assert!(again.resume_phone_verification(&id).await.is_ok());
    let verification = for_a.resume_phone_verification(&id).await.unwrap();
    verification.confirm(code_to(&mock, PHONE)).await.unwrap();
}

#[tokio::test]
async fn a_login_and_a_verification_are_never_mixed_up() {
    let (mock, client, session) = signed_in().await;
    let login = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let login_code = code_to(&mock, PHONE);
    let verification = session.verify_phone().await.unwrap();
    let verification_code = code_to(&mock, PHONE);
    let mixed_up = session.resume_phone_verification(login.id()).await;
    assert_eq!(kind(mixed_up), ErrorKind::Unauthenticated);
    let mixed_up = client.resume_challenge(verification.id()).await;
    assert_eq!(kind(mixed_up), ErrorKind::Unauthenticated);
    // Neither has invalidated the other.
    super::session(login.confirm(login_code).await.unwrap());
    verification.confirm(verification_code).await.unwrap();
}

#[tokio::test]
async fn five_wrong_codes_verify_nothing() {
    let (mock, _, session) = signed_in().await;
    let mut verification = session.verify_phone().await.unwrap();
    let right = code_to(&mock, PHONE);
    for _ in 0..5 {
        let wrong = verification.confirm(other_than(&right)).await;
        verification = wrong.unwrap_err().state;
    }
    assert_eq!(
        kind(verification.confirm(right).await),
        ErrorKind::StepRequired
    );
    assert_eq!(mock.count("check_phone_verification"), 5);
}

#[tokio::test]
async fn without_a_number_nothing_is_sent() {
    let (mock, client) = start().await;
    mock.add_user(WunderUser::new().email(EMAIL).password(PASSWORD));
    let session = session_of(&client).await;
    assert_eq!(field(session.verify_phone().await), "phone");
    assert_eq!(mock.count("send_phone_verification"), 0);
}

#[tokio::test]
async fn an_email_verification_is_resent_until_it_is_done() {
    let (mock, client, session) = signed_in().await;
    client.resend_email_verification(EMAIL).await.unwrap();
    assert_eq!(mock.signatures_seen(), 1);
    assert!(mock.open_email_link(&code_to(&mock, EMAIL)));
    assert_eq!(
        session.profile().await.unwrap().email_is_verified,
        Some(true)
    );
    assert_eq!(code(client.resend_email_verification(EMAIL).await), "U402");
    let before = mock.count("resend_email_verification");
    assert_eq!(field(client.resend_email_verification("..").await), "email");
    assert_eq!(mock.count("resend_email_verification"), before);
    mock.fail_next("resend_email_verification", 500);
    let failed = client.resend_email_verification(EMAIL).await;
    assert_eq!(kind(failed), ErrorKind::Unavailable);
    assert_eq!(mock.count("resend_email_verification"), before + 1);
}

#[tokio::test]
async fn an_external_verification_is_started_again_each_time() {
    let (mock, _, session) = signed_in().await;
    let first = session.verify_identity(&json!({})).await.unwrap();
    let second = session.verify_identity(&json!({"kind": "licence"})).await;
    let (first, second) = (first["url"].clone(), second.unwrap()["url"].clone());
    assert!(first.is_string() && first != second);
    let before = mock.count("init_verification");
    let wrong = session.verify_identity(&json!("licence")).await;
    assert_eq!(field(wrong), "request");
    assert_eq!(mock.count("init_verification"), before);
}
