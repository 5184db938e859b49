//! A second factor is set up, and required from then on.

use std::time::Duration;

use serde_json::json;
use vestibule::ErrorKind;
use vestibule::wunder::QrPicture;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

/// A code is valid once, so wait for the next one.
fn next_code(mock: &Wunder) -> String {
    mock.clock().advance(Duration::from_secs(30));
    mock.second_factor_code(EMAIL).unwrap()
}

#[tokio::test]
async fn a_second_factor_is_enabled_by_a_code_and_then_required() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let signed_in = session_of(&client).await;
    let enrolment = signed_in.request_mfa_enrolment().await.unwrap();
    let secret = enrolment.secret().unwrap().expose().to_owned();
    let uri = enrolment.otpauth_uri().unwrap().expose().to_owned();
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(&secret));
    let shown = format!("{enrolment:?}");
    assert!(!shown.contains(&secret));
    let code = next_code(&mock);
    let returned = enrolment.confirm(other_than(&code)).await.unwrap_err();
    assert_eq!(returned.error.code(), Some("U120"));
    // Not enabled yet.
    session_of(&client).await;
    returned.state.confirm(code).await.unwrap();
    let needed = mfa(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap());
    needed.confirm(next_code(&mock)).await.unwrap();
}

#[tokio::test]
async fn an_enrolment_is_resumed_by_its_own_session_only() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    let id = session.request_mfa_enrolment().await.unwrap().id().clone();
    let other = session_of(&client).await;
    assert_eq!(
        kind(other.resume_mfa_enrolment(&id).await),
        ErrorKind::Unauthenticated
    );
    assert_eq!(
        kind(client.resume_challenge(&id).await),
        ErrorKind::Unauthenticated
    );
    let restarted = client.resume_session(session.id()).await.unwrap();
    let enrolment = restarted.resume_mfa_enrolment(&id).await.unwrap();
    let other = restarted.resume_mfa_enrolment(&id).await.unwrap();
    enrolment.confirm(next_code(&mock)).await.unwrap();
    assert_eq!(
        kind(other.confirm("123456").await),
        ErrorKind::Unauthenticated
    );
    assert_eq!(mock.count("two_factor_enable"), 1);
}

#[tokio::test]
async fn five_wrong_codes_enable_nothing_and_malformed_ones_are_not_sent() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    let mut enrolment = session.request_mfa_enrolment().await.unwrap();
    let returned = enrolment.confirm("12.34").await.unwrap_err();
    assert_eq!(returned.error.field(), Some("code"));
    enrolment = returned.state;
    let right = next_code(&mock);
    for _ in 0..5 {
        let wrong = enrolment.confirm(other_than(&right)).await;
        enrolment = wrong.unwrap_err().state;
    }
    assert_eq!(
        kind(enrolment.confirm(right).await),
        ErrorKind::StepRequired
    );
    assert_eq!(mock.count("two_factor_enable"), 5);
}

#[tokio::test]
async fn a_required_second_factor_is_set_up_while_signing_in() {
    let (mock, client) = start().await;
    mock.add_user(ada().must_use_second_factor());
    let needed = mfa(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap());
    let id = needed.request_mfa_enrolment().await.unwrap().id().clone();
    let other = mfa(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap());
    assert_eq!(
        kind(other.resume_mfa_enrolment(&id).await),
        ErrorKind::Unauthenticated
    );
    let enrolment = needed.resume_mfa_enrolment(&id).await.unwrap();
    enrolment.confirm(next_code(&mock)).await.unwrap();
    // Enabling a second factor does not sign in.
    assert_eq!(mock.count("get_customer"), 0);
    let session = needed.confirm(next_code(&mock)).await.unwrap();
    session.profile().await.unwrap();
}

#[tokio::test]
async fn a_provisional_credential_does_not_replace_a_second_factor() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    mock.require_mfa(&PHONE.parse().unwrap(), "246810");
    let needed = mfa(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap());
    assert_eq!(code(needed.request_mfa_enrolment().await), "U121");
    needed.confirm("246810").await.unwrap();
}

#[tokio::test]
async fn a_picture_is_returned_as_the_server_sends_it() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let enrolment = session_of(&client)
        .await
        .request_mfa_enrolment()
        .await
        .unwrap();
    let picture = enrolment.qr_picture().await.unwrap();
    let QrPicture::Json(json) = &picture else {
        panic!("the mock responds with JSON");
    };
    let drawn = json["qrCode"].as_str().unwrap();
    assert!(!format!("{picture:?}").contains(drawn));
}

/// A server that signs in, returns a secret, and responds with `body` to a request for a picture.
async fn with_picture(body: &[u8], secret: serde_json::Value) -> (MockServer, Session) {
    let server = MockServer::start().await;
    for (place, response) in [
        (
            "sign-in-email",
            json!({"accessToken": "token", "refreshToken": "token"}),
        ),
        ("user/2fa-secret", secret),
    ] {
        Mock::given(method("POST"))
            .and(path(format!("/t/auth/{place}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(response))
            .mount(&server)
            .await;
    }
    Mock::given(path("/t/auth/user/2fa-qr-code"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(body, "image/png"))
        .mount(&server)
        .await;
    let client = Client::builder(server.uri()).tenant("t").build().unwrap();
    let session = session_of(&client).await;
    (server, session)
}

#[tokio::test]
async fn the_bytes_of_a_picture_are_kept_and_an_html_page_is_no_picture() {
    let secret = json!({"secret": "JBSWY3DPEHPK3PXP"});
    let png = b"\x89PNG\r\n\x1a\nrest".as_slice();
    let (_server, session) = with_picture(png, secret.clone()).await;
    let enrolment = session.request_mfa_enrolment().await.unwrap();
    assert!(enrolment.otpauth_uri().is_none());
    let QrPicture::Bytes(bytes) = enrolment.qr_picture().await.unwrap() else {
        panic!("the response was bytes");
    };
    assert_eq!(bytes, png);
    let big = [png, &[0; 64 * 1024]].concat();
    for wrong in [b"<html>sorry</html>".as_slice(), &big] {
        let (_server, session) = with_picture(wrong, secret.clone()).await;
        let enrolment = session.request_mfa_enrolment().await.unwrap();
        let picture = enrolment.qr_picture().await;
        assert_eq!(kind(picture), ErrorKind::InvalidResponse);
    }
}

#[tokio::test]
async fn a_response_without_a_secret_is_no_enrolment() {
    let (_server, session) = with_picture(b"", json!({"key": "elsewhere"})).await;
    assert_eq!(
        kind(session.request_mfa_enrolment().await),
        ErrorKind::InvalidResponse
    );
}
