//! Each sign-in method returns a session, or a second factor that is still required.

use std::time::Duration;

use serde_json::json;
use vestibule::Contact;
use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{Challenge, Client, PendingCode};
use vestibule::{ErrorKind, Secret};

use super::*;

async fn send_code(client: &Client) -> PendingCode {
    let sign_in = client
        .sign_in_with_email_code(EMAIL)
        .branch_id("2")
        .language("de");
    sign_in.send().await.unwrap()
}

#[tokio::test]
async fn an_email_code_signs_a_new_user_in() {
    let (mock, client) = start().await;
    let pending = send_code(&client).await;
    assert_eq!(*pending.contact(), Contact::email(EMAIL).unwrap());
    let session = session(pending.confirm(code_to(&mock, EMAIL)).await.unwrap());
    let profile = session.profile().await.unwrap();
    assert_eq!(profile.email.as_deref(), Some(EMAIL));
    assert_eq!(profile.email_is_verified, Some(true));
    assert_eq!(mock.signatures_seen(), 1, "the request was signed");
    assert_eq!(mock.count("sign_in_phone_number"), 0);
}

#[tokio::test]
async fn terms_are_accepted_with_an_email_code_if_the_user_says_so() {
    let (mock, client) = start().await;
    mock.add_terms(vestibule::wunder::TermsScope::Branch("2".into()), json!({}));
    let sign_in = client
        .sign_in_with_email_code(EMAIL)
        .branch_id("2")
        .terms_accepted(true);
    let pending = sign_in.send().await.unwrap();
    let session = session(pending.confirm(code_to(&mock, EMAIL)).await.unwrap());
    let mut accepted = session.accepted_terms("2");
    let page = accepted.next_page().await.unwrap().unwrap();
    assert_eq!(page.items.len(), 1);
}

#[tokio::test]
async fn an_email_code_is_resent_and_only_the_newest_is_valid() {
    let (mock, client) = start().await;
    let mut pending = send_code(&client).await;
    let old = code_to(&mock, EMAIL);
    pending.resend().await.unwrap();
    let newest = code_to(&mock, EMAIL);
    assert_ne!(old, newest);
    let returned = pending.confirm(old).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Rejected);
    session(returned.state.confirm(newest).await.unwrap());
    assert_eq!(mock.count("create_or_sign_in_with_email_code"), 2);
}

#[tokio::test]
async fn after_five_wrong_email_codes_nothing_is_sent() {
    let (mock, client) = start().await;
    let mut pending = send_code(&client).await;
    let right = code_to(&mock, EMAIL);
    for _ in 0..5 {
        let returned = pending.confirm(other_than(&right)).await.unwrap_err();
        assert_eq!(returned.error.kind(), ErrorKind::Rejected);
        pending = returned.state;
    }
    let returned = pending.confirm(right).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
    assert_eq!(mock.count("sign_in_email_code"), 5);
    let mut pending = returned.state;
    pending.resend().await.unwrap();
    session(pending.confirm(code_to(&mock, EMAIL)).await.unwrap());
}

#[tokio::test]
async fn an_email_code_is_resumed_by_its_id_with_its_timer() {
    let mock = Wunder::start().await;
    let wait = Duration::from_secs(60);
    let client = builder(&mock).resend_wait(wait).build().unwrap();
    let id = send_code(&client).await.id().clone();
    let Challenge::PendingCode(mut pending) = client.resume_challenge(&id).await.unwrap() else {
        panic!("no second factor yet");
    };
    assert_eq!(kind(pending.resend().await), ErrorKind::RateLimited);
    // The same mailbox, in another case.
    let again = client
        .sign_in_with_email_code("ADA@example.org")
        .branch_id("2");
    assert_eq!(kind(again.send().await), ErrorKind::RateLimited);
    mock.clock().advance(wait);
    pending.resend().await.unwrap();
    session(pending.confirm(code_to(&mock, EMAIL)).await.unwrap());
    assert_eq!(
        kind(client.resume_challenge(&id).await),
        ErrorKind::Unauthenticated
    );
}

#[tokio::test]
async fn a_password_signs_in_and_a_wrong_one_does_not() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    assert_eq!(
        session.profile().await.unwrap().email.as_deref(),
        Some(EMAIL)
    );
    let wrong = client.sign_in_with_password(EMAIL, "wrong horse").await;
    assert_eq!(code(wrong), "U107");
    mock.fail_next("sign_in_email", 500);
    let before = mock.count("sign_in_email");
    let failed = client.sign_in_with_password(EMAIL, PASSWORD).await;
    assert_eq!(kind(failed), ErrorKind::Unavailable);
    assert_eq!(mock.count("sign_in_email"), before + 1, "it is sent once");
    mock.lock_user(EMAIL);
    assert_eq!(
        code(client.sign_in_with_password(EMAIL, PASSWORD).await),
        "U131"
    );
    mock.disable_operation("sign_in_email");
    assert_eq!(
        code(client.sign_in_with_password(EMAIL, PASSWORD).await),
        "U109"
    );
}

#[tokio::test]
async fn a_password_sign_in_continues_with_a_second_factor_resumed_by_its_id() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    mock.require_mfa(&PHONE.parse().unwrap(), "246810");
    let id = mfa(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap())
        .id()
        .clone();
    let Challenge::MfaRequired(mfa) = client.resume_challenge(&id).await.unwrap() else {
        panic!("a second factor is pending");
    };
    let returned = mfa.confirm("111111").await.unwrap_err();
    let session = returned.state.confirm("246810").await.unwrap();
    session.profile().await.unwrap();
}

#[tokio::test]
async fn the_digits_of_an_authenticator_are_grouped_and_a_recovery_code_is_sent_byte_for_byte() {
    for (accepted, typed) in [
        ("246810", " 246-810\n"),
        ("246810", "٢٤٦ ٨١٠"),
        ("ABCD-1234", "ABCD-1234"),
        ("a1b2c3d4", "a1b2c3d4"),
    ] {
        let (mock, client) = start().await;
        mock.add_user(ada());
        mock.require_mfa(&PHONE.parse().unwrap(), accepted);
        let mfa = mfa(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap());
        assert!(mfa.confirm(typed).await.is_ok(), "{typed:?}");
    }
}

#[tokio::test]
async fn a_malformed_second_factor_is_not_sent_and_costs_no_try() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    mock.require_mfa(&PHONE.parse().unwrap(), "ABCD-1234");
    let mut mfa = mfa(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap());
    let long = "a".repeat(65);
    for malformed in [
        "",
        "-",
        "ABCD-",
        "-ABCD",
        "ABCD--1234",
        "ABCD 1234",
        " ABCD-1234",
        "ABCD-1234\n",
        "ABCD\u{2011}1234",
        "ABCD-1234\u{200b}",
        "ABCD.1234",
        &long,
    ] {
        let failed = mfa.confirm(malformed).await.unwrap_err();
        assert_eq!(
            failed.error.kind(),
            ErrorKind::InvalidInput,
            "{malformed:?}"
        );
        assert_eq!(failed.error.field(), Some("code"));
        mfa = failed.state;
    }
    assert_eq!(mock.count("two_factor_code_validate"), 0);
    assert!(mfa.confirm("ABCD-1234").await.is_ok());
}

#[tokio::test]
async fn a_code_of_a_message_with_letters_and_a_dash_is_not_sent() {
    let (mock, client) = start().await;
    let pending = send_code(&client).await;
    let failed = pending.confirm("ABCD-1234").await.unwrap_err();
    assert_eq!(failed.error.field(), Some("code"));
    assert_eq!(failed.state.tries_left(), 5);
    assert_eq!(mock.journal().len(), 1);
}

#[tokio::test]
async fn a_social_login_and_gaiyo_sign_in_each_with_its_own_tokens() {
    let (mock, client) = start().await;
    let user = ada()
        .social("google", "from-google".into())
        .social("gaiyo", "from-gaiyo".into());
    mock.add_user(user);
    let google = json!({"provider": "google", "token": "from-google"});
    let gaiyo = json!({"token": "from-gaiyo"});
    let first = session(client.sign_in_with_social(&google).await.unwrap());
    let second = session(client.sign_in_with_gaiyo(&gaiyo).await.unwrap());
    for session in [first, second] {
        assert_eq!(
            session.profile().await.unwrap().email.as_deref(),
            Some(EMAIL)
        );
    }
    assert_eq!(code(client.sign_in_with_social(&gaiyo).await), "U107");
    assert_eq!(code(client.sign_in_with_gaiyo(&google).await), "U107");
    mock.require_mfa(&PHONE.parse().unwrap(), "246810");
    let needed = mfa(client.sign_in_with_social(&google).await.unwrap());
    needed.confirm("246810").await.unwrap();
}

#[tokio::test]
async fn an_api_client_acts_for_the_users_that_it_created() {
    let (mock, client) = start().await;
    mock.add_api_client("service", &"service-key".into());
    let own = mock.add_user(WunderUser::new().email(EMAIL).created_by("service"));
    let other = mock.add_user(WunderUser::new().email("bob@example.org"));
    let signed_in = client
        .sign_in_with_api_client("service", vestibule::Secret::from("service-key"))
        .await;
    let service = session(signed_in.unwrap());
    let acting = service.impersonate(&own).unwrap();
    assert_eq!(
        acting.profile().await.unwrap().email.as_deref(),
        Some(EMAIL)
    );
    let foreign = service.impersonate(&other).unwrap().profile().await;
    assert_eq!(code(foreign), "A108");
    let wrong = client
        .sign_in_with_api_client("service", vestibule::Secret::from("another key"))
        .await;
    assert_eq!(code(wrong), "U107");
}

#[tokio::test]
async fn a_signed_in_user_exchanges_an_openid_token() {
    let (mock, client) = start().await;
    mock.add_user(ada().social("google", "from-google".into()));
    let session = session_of(&client).await;
    let token = json!({"token": "from-google"});
    let exchanged = session.request_openid_token(&token).await.unwrap();
    assert!(exchanged["token"].as_str().unwrap().split('.').count() == 3);
    assert!(!format!("{exchanged:?}").contains(exchanged["token"].as_str().unwrap()));
    let wrong = session
        .request_openid_token(&json!({"token": "made up"}))
        .await;
    assert_eq!(code(wrong), "U107");
    // The response was about the exchanged token; the session continues.
    session.profile().await.unwrap();
}

#[tokio::test]
async fn invalid_credentials_are_refused_before_anything_is_sent() {
    let (mock, client) = start().await;
    for wrong in [
        "",
        "ada",
        "@example.org",
        "ada@",
        "a da@example.org",
        "a@b@c",
        "a@b\n",
    ] {
        let sent = client
            .sign_in_with_email_code(wrong)
            .branch_id("2")
            .send()
            .await;
        assert_eq!(field(sent), "email", "{wrong:?}");
        assert_eq!(
            field(client.sign_in_with_password(wrong, PASSWORD).await),
            "email"
        );
    }
    let sent = client
        .sign_in_with_email_code(EMAIL)
        .branch_id("")
        .send()
        .await;
    assert_eq!(field(sent), "branch_id");
    assert_eq!(
        field(client.sign_in_with_password(EMAIL, "").await),
        "password"
    );
    for wrong in [json!(null), json!({}), json!("token"), json!([1])] {
        assert_eq!(field(client.sign_in_with_social(&wrong).await), "login");
        assert_eq!(field(client.sign_in_with_gaiyo(&wrong).await), "login");
    }
    assert_eq!(
        field(
            client
                .sign_in_with_api_client("", vestibule::Secret::from("key"))
                .await
        ),
        "client_id"
    );
    assert_eq!(
        field(
            client
                .sign_in_with_api_client("id", vestibule::Secret::from(""))
                .await
        ),
        "client_key"
    );
    let unsigned = Client::builder(mock.base_url())
        .tenant("tenant01")
        .build()
        .unwrap();
    let sent = unsigned
        .sign_in_with_email_code(EMAIL)
        .branch_id("2")
        .send()
        .await;
    assert_eq!(kind(sent), ErrorKind::Misconfigured);
    assert!(mock.journal().is_empty());
}

#[tokio::test]
async fn destinations_and_credentials_are_never_shown() {
    let (mock, client) = start().await;
    let sign_in = client.sign_in_with_email_code(EMAIL).branch_id("2");
    let pending = send_code(&client).await;
    let code = Secret::from(code_to(&mock, EMAIL));
    let shown = format!("{pending:?} {:?} {code:?}", pending.contact());
    assert!(
        !shown.contains(EMAIL) && !shown.contains(code.expose()),
        "{shown}"
    );
    assert!(!shown.contains(pending.id().expose()), "{shown}");
    let shown = format!("{sign_in:?}");
    assert!(!shown.contains(EMAIL), "{shown}");
}
