//! Responses that the mock does not produce, byte for byte.

use vestibule::Email;

use super::wire::Wire;
use super::*;

#[tokio::test]
async fn a_success_without_a_cookie_is_no_session() {
    let wire = Wire::start(|path| {
        if path.ends_with("/login/otp") {
            ("", r#"{"request_id": "r1"}"#)
        } else {
            (
                "",
                r#"{"user_exists": true, "user": {"_id": "u1", "consent": {}}}"#,
            )
        }
    });
    let client = Client::builder(APPLICATION)
        .application_token(TOKEN)
        .base_url(&wire.base_url)
        .currency("INR")
        .location_detail(r#"{"city": "मुंबई 🙂"}"#)
        .build()
        .unwrap();
    let sign_in = client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .platform("a b");
    let mut pending = sign_in.android_hash("h").send().await.unwrap();
    assert!(pending.resend_timer().remaining() > Duration::from_secs(25));
    assert_eq!(kind(pending.resend().await), ErrorKind::RateLimited);

    let returned = pending.confirm(" 1234 ").await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::InvalidResponse);
    assert!(returned.error.to_string().contains("no cookie"));

    let path = "/service/application/user/authentication/v1.0/login/otp";
    let sent = wire.last(path);
    assert_eq!(sent.target, format!("{path}?platform=a%20b"));
    assert_eq!(sent.header("x-currency-code"), "INR");
    let location = r#"{"city":"\u092e\u0941\u0902\u092c\u0908 \ud83d\ude42"}"#;
    assert_eq!(sent.header("x-location-detail"), location);
    let body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    let expected = serde_json::json!(
        {"mobile": ASHA, "country_code": "91", "android_hash": "h"}
    );
    assert_eq!(body, expected);
    let confirmed = wire.last("/service/application/user/authentication/v1.0/otp/mobile/verify");
    let body: serde_json::Value = serde_json::from_slice(&confirmed.body).unwrap();
    let expected = serde_json::json!({"request_id": "r1", "otp": "1234"});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_profile_that_needs_another_code_says_so() {
    let wire = Wire::start(|path| {
        if path.ends_with("/login/otp") {
            ("", r#"{"request_id": "r1", "register_token": "t1"}"#)
        } else if path.ends_with("/otp/mobile/verify") {
            ("", r#"{"user_exists": false}"#)
        } else {
            ("", r#"{"verify_email_otp": true, "register_token": "t2"}"#)
        }
    });
    let client = Client::builder(APPLICATION)
        .application_token(TOKEN)
        .base_url(&wire.base_url)
        .build()
        .unwrap();
    let pending = client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await
        .unwrap();
    let Ok(SignIn::ProfileRequired(profile)) = pending.confirm("1234").await else {
        panic!("the token of the first response is still used");
    };
    let returned = profile
        .first_name("Asha")
        .last_name("")
        .send()
        .await
        .unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);

    let profile = returned.state.email("asha@example.com");
    let Ok(SignIn::CodesRequired(codes)) = profile.first_name("Asha").last_name("Rao").send().await
    else {
        panic!("the code that was sent by e-mail remains");
    };
    assert_eq!(codes.email().map(Email::as_str), Some("asha@example.com"));
    assert!(codes.phone().is_none());
    let sent = wire.last("/service/application/user/profile/v1.0/detail");
    let body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    let expected = serde_json::json!({
        "register_token": "t2",
        "first_name": "Asha",
        "last_name": "Rao",
        "email": "asha@example.com",
    });
    assert_eq!(body, expected);
}
