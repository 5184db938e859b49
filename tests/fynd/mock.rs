//! The mock refuses what the real server refuses.

use std::time::Duration;

use vestibule::fynd::api::enums::SendMobileOtpRequestSchemaAction as Action;
use vestibule::fynd::api::types;
use vestibule::testing::TestClock;

use super::wire::status_of;
use super::*;

/// The server's response to a sign-in that is started without the flow.
async fn send_raw(client: &Client, mobile: &str) -> types::SendOtp {
    let body = types::SendOtpRequestSchema::builder()
        .mobile(mobile.to_owned())
        .country_code("91".to_owned());
    let api = client.api();
    let response = api.login_with_otp().body(body).send().await;
    response.unwrap().into_inner()
}

#[tokio::test]
async fn a_register_token_is_valid_once() {
    let (mock, client) = with_users().await;
    let api = client.api();
    let sent = send_raw(&client, "9000000004").await;
    let body = types::VerifyOtpRequestSchema::builder()
        .request_id(sent.request_id)
        .otp(Secret::from(code(&mock, "9000000004")));
    let response = api.verify_mobile_otp().body(body).send().await.unwrap();
    assert_eq!(response.user_exists, Some(false));
    assert!(!response.headers().contains_key("set-cookie"));

    let profile =
        types::EditProfileRequestSchema::builder().register_token(response.register_token.clone());
    let without_name = api.update_profile().body(profile.clone()).send().await;
    assert_eq!(refused(without_name), api_error(400, "FIRST_NAME_MISSING"));
    let named = profile.first_name("Dev".to_owned());
    let response = api.update_profile().body(named.clone()).send().await;
    let cookie = response.unwrap().headers()["set-cookie"].clone();
    assert!(cookie.to_str().unwrap().contains("HttpOnly"));
    let again = api.update_profile().body(named).send().await;
    assert_eq!(refused(again), api_error(400, "REGISTER_TOKEN_INVALID"));
    let change = types::EditProfileRequestSchema::builder().first_name("Eve".to_owned());
    let response = api.update_profile().body(change).send().await;
    assert_eq!(refused(response), api_error(401, "SESSION_UNKNOWN"));
}

#[tokio::test]
async fn the_mock_resends_only_for_a_token_that_it_gave() {
    let (mock, client) = with_users().await;
    let sent = send_raw(&client, ASHA).await;
    let api = client.api();
    let resend = |token: Option<Secret>, action: &str| {
        let body = types::SendMobileOtpRequestSchema::builder()
            .mobile(ASHA.to_owned())
            .country_code("91".to_owned())
            .token(token)
            .action(Action::from(action));
        api.send_otp_on_mobile().body(body).send()
    };
    let early = resend(sent.resend_token.clone(), "resend").await;
    assert_eq!(refused(early), api_error(400, "RESEND_TOO_EARLY"));
    mock.clock().advance(Duration::from_secs(30));
    resend(sent.resend_token.clone(), "resend").await.unwrap();
    mock.clock().advance(Duration::from_secs(30));
    resend(sent.resend_token.clone(), "resend").await.unwrap();
    mock.clock().advance(Duration::from_secs(30));
    let unknown = resend(Some("unknown".into()), "resend").await;
    assert_eq!(refused(unknown), api_error(400, "RESEND_TOKEN_INVALID"));
    let without = resend(None, "resend").await;
    assert_eq!(refused(without), api_error(400, "RESEND_TOKEN_INVALID"));
    let unknown = resend(None, "shout").await;
    assert_eq!(refused(unknown), api_error(400, "ACTION_UNKNOWN"));
    resend(None, "send").await.unwrap();
}

#[tokio::test]
async fn the_mock_refuses_a_wrong_and_a_stale_signature() {
    let mock = Fynd::start().await;
    let wrong = builder(&mock).signing_key("7654321").build().unwrap();
    let response = wrong
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await;
    let refusal = refused_as(ErrorKind::Misconfigured, response);
    assert_eq!(refusal, api_error(403, "SIGNATURE_INVALID"));

    let late = TestClock::new();
    late.advance(Duration::from_secs(16 * 60));
    let late = builder(&mock).clock(late.clone()).build().unwrap();
    let response = late
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await;
    let refusal = refused_as(ErrorKind::Misconfigured, response);
    assert_eq!(refusal, api_error(403, "SIGNATURE_STALE"));
    assert!(mock.outbox().messages().is_empty());

    let client = client(&mock);
    let (one, other) = tokio::join!(
        async { client.api().get_platform_config().send().await },
        async { client.api().get_platform_config().send().await },
    );
    assert_eq!(one.unwrap().active, other.unwrap().active);
}

#[tokio::test]
async fn the_mock_refuses_an_application_without_its_credential_or_signature() {
    let mock = Fynd::start().await;
    let head = |headers: &str| {
        format!("GET /service/application/user/platform/v1.0/config HTTP/1.1\r\n{headers}")
    };
    let status = |headers: &str| status_of(&mock.base_url(), &head(headers));
    assert_eq!(status(""), 401);
    assert_eq!(status("authorization: Bearer abc\r\n"), 401);
    // base64("64b000000000000000000001:1234"): its token is too short.
    let short = "authorization: Bearer NjRiMDAwMDAwMDAwMDAwMDAwMDAwMDAxOjEyMzQ=\r\n";
    assert_eq!(status(short), 401);
    // base64("64b000000000000000000001:12345")
    let good = "authorization: Bearer NjRiMDAwMDAwMDAwMDAwMDAwMDAwMDAxOjEyMzQ1\r\n";
    assert_eq!(status(good), 403);
}

#[tokio::test]
async fn the_mock_reports_whether_a_user_exists() {
    let (_mock, client) = with_users().await;
    let api = client.api();
    let exists = |q: &str| api.user_exists(q).send();
    assert_eq!(exists(ASHA).await.unwrap().user_exists, Some(true));
    assert_eq!(exists("a b+c@d").await.unwrap().user_exists, Some(false));
    assert_eq!(refused(exists("").await), api_error(400, "QUERY_MISSING"));

    let body = types::SendOtpRequestSchema::builder().mobile(ASHA.to_owned());
    let incomplete = api.login_with_otp().body(body).send().await;
    assert_eq!(refused(incomplete), api_error(400, "NUMBER_INVALID"));
}
