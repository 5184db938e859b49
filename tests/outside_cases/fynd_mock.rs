//! Fynd's mock takes what the vendor's own clients send, and responds as its page and clients say.

use std::time::Duration;

use vestibule::fynd::api::{enums, types};
use vestibule::fynd::{SignatureInput, sign};
use vestibule::http::header::HeaderValue;
use vestibule::http::{HeaderName, Method};
use vestibule::testing::Fynd;
use vestibule::{CallOptions, ErrorKind, Phone, reqwest};

use super::fynd::{EMAIL, SMS, asha, client_of, with_asha};

/// A header that is not signed, in bytes that are no ASCII.
#[tokio::test]
async fn headers_that_are_not_signed_may_hold_any_bytes() {
    let mock = Fynd::start().await;
    let url = format!(
        "{}/service/application/user/platform/v1.0/config",
        mock.base_url()
    );
    let location = HeaderValue::from_bytes("{\"city\":\"Zürich\"}".as_bytes()).unwrap();
    let now = vestibule::Clock::now(mock.clock());
    let input = SignatureInput::new(&Method::GET, &url, now).unwrap();
    let request = reqwest::Client::new()
        .get(&url)
        // base64("64b000000000000000000001:12345")
        .header(
            "authorization",
            "Bearer NjRiMDAwMDAwMDAwMDAwMDAwMDAwMDAxOjEyMzQ1",
        )
        .header("x-fp-date", now.format("%Y%m%dT%H%M%SZ").to_string())
        .header("x-fp-sdk-version", "3.31.0")
        .header("x-location-detail", location);
    let signature = sign(&input.sdk_version("3.31.0"));
    let signed = request
        .try_clone()
        .unwrap()
        .header("x-fp-signature", signature);
    assert_eq!(signed.send().await.unwrap().status(), 200);
    // A signed header is still signed.
    let input = SignatureInput::new(&Method::GET, &url, now).unwrap();
    let other = sign(&input.sdk_version("3.31.1"));
    let wrong = request
        .header("x-fp-signature", other)
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 403);

    let name = HeaderName::from_static("x-city");
    let value = HeaderValue::from_bytes("Zürich".as_bytes()).unwrap();
    let options = CallOptions::new().header(name, value);
    let client = client_of(&mock.base_url()).with_options(options);
    assert!(client.platform_config().await.is_ok());
}

async fn send(
    api: &vestibule::fynd::api::Api,
    number: &str,
    token: Option<&vestibule::Secret>,
) -> types::SendOtpSuccess {
    use enums::SendMobileOtpRequestSchemaAction as Action;
    let body = types::SendMobileOtpRequestSchema::builder()
        .mobile(number.to_owned())
        .country_code("91".to_owned())
        .token(token.cloned())
        .action(match token {
            Some(_) => Action::Resend,
            None => Action::Send,
        });
    let sent = api.send_otp_on_mobile().body(body).send().await;
    sent.unwrap().into_inner()
}

/// The vendor's storefront goes on with the first id and the first token after a resend.
#[tokio::test]
async fn the_first_id_and_the_first_token_are_taken_after_resends() {
    let (mock, client) = with_asha().await;
    let api = client.api();
    let first = send(&api, "9000000001", None).await;
    for _ in 0..3 {
        mock.clock().advance(Duration::from_secs(31));
        send(&api, "9000000001", first.resend_token.as_ref()).await;
    }
    let verify = |code: String| {
        let body = types::VerifyOtpRequestSchema::builder()
            .request_id(first.request_id.clone())
            .otp(vestibule::Secret::from(code));
        api.verify_mobile_otp().body(body).send()
    };
    let code = mock.outbox().last_code(SMS).unwrap();
    let verified = verify(code.clone()).await.unwrap();
    assert_eq!(verified.user_exists, Some(true));
    let again = verify(code).await.unwrap_err();
    assert_eq!(again.code(), Some("OTP_INVALID"));
}

/// The vendor's storefront sends the token of the form for both codes, and stores no newer one.
#[tokio::test]
async fn the_token_of_a_form_serves_for_both_codes() {
    let mock = Fynd::start().await;
    let client = client_of(&mock.base_url());
    let api = client.api();
    let form = serde_json::json!({
        "first_name": "Asha",
        "email": EMAIL,
        "phone": {"country_code": "91", "mobile": "9000000001"},
    });
    let form: types::FormRegisterRequestSchema = serde_json::from_value(form).unwrap();
    let sent = api.register_with_form().body(form).send().await.unwrap();
    assert_eq!(sent.user_exists, Some(false));
    let token = sent.register_token.clone();
    let code = |to: &str| vestibule::Secret::from(mock.outbox().last_code(to).unwrap());
    let mobile = types::VerifyOtpRequestSchema::builder()
        .request_id(sent.request_id.clone())
        .register_token(token.clone())
        .otp(code(SMS));
    let first = api.verify_mobile_otp().body(mobile).send().await.unwrap();
    assert_eq!(first.user_exists, Some(false), "sign-up is not finished");
    assert!(first.user.is_none());
    let email = types::VerifyEmailOtpRequestSchema::builder()
        .email(EMAIL.to_owned())
        .register_token(token)
        .action("register".to_owned())
        .otp(code(EMAIL));
    let second = api.verify_email_otp().body(email).send().await.unwrap();
    assert_eq!(second.user_exists, Some(true));
    assert!(second.user.is_some());
}

/// The vendor's storefront adds phones by a code, with the cookie of the session.
#[tokio::test]
async fn a_number_that_is_confirmed_while_signed_in_is_added_to_the_profile() {
    let (mock, client) = with_asha().await;
    let session = asha(&client).await;
    let second = Phone::parse("+919000000002").unwrap();
    let (api, number) = (session.api(), "9000000002");
    let sent = send(&api, number, None).await;
    let body = types::VerifyOtpRequestSchema::builder()
        .request_id(sent.request_id)
        .otp(vestibule::Secret::from(
            mock.outbox().last_code(&second.to_e164()).unwrap(),
        ));
    let verified = api.verify_mobile_otp().body(body).send().await.unwrap();
    assert_eq!(verified.user_exists, Some(true));
    let contacts = session.contacts().await.unwrap();
    let added = contacts
        .iter()
        .find(|own| own.contact() == Some((&second).into()));
    assert!(added.unwrap().verified);

    // By the flow.
    let third = Phone::parse("+919000000003").unwrap();
    let codes = session.add_phone_by_code(&third).await.unwrap();
    assert_eq!(codes.phone(), Some(&third));
    let codes = session.resume_codes(codes.id()).await.unwrap();
    let code = mock.outbox().last_code(&third.to_e164()).unwrap();
    let same = codes
        .confirm_phone(code)
        .await
        .unwrap()
        .signed_in()
        .unwrap();
    assert_eq!(same.id(), session.id());
    let contacts = session.contacts().await.unwrap();
    assert!(
        contacts
            .iter()
            .any(|own| own.contact() == Some((&third).into()))
    );
    assert_eq!(contacts.len(), 4);
    let soon = session.add_phone_by_code(&third).await.unwrap_err();
    assert_eq!(soon.kind(), ErrorKind::RateLimited);
    // Without a session it starts a registration.
    let outside = Phone::parse("+919000000004").unwrap();
    let pending = client
        .sign_in_with_phone_code(&outside)
        .send()
        .await
        .unwrap();
    let code = mock.outbox().last_code(&outside.to_e164()).unwrap();
    assert!(pending.confirm(code).await.unwrap().signed_in().is_none());
}

/// The vendor's storefront compares the status of a reset by e-mail with `success`.
#[tokio::test]
async fn the_status_of_a_reset_by_e_mail_is_success() {
    let (_mock, client) = with_asha().await;
    let api = client.api();
    let body = types::SendResetPasswordEmailRequestSchema::builder().email(EMAIL.to_owned());
    let sent = api.send_reset_password_email().body(body).send().await;
    assert_eq!(sent.unwrap().status.as_deref(), Some("success"));
}
