//! Input that is refused before it is sent, and values that are never shown.

use vestibule::Clock as _;
use vestibule::fynd::{SignatureInput, sign};
use vestibule::{Contact, CountryCode, Phone};

use super::*;

/// The field that an error names.
fn field<T: Debug>(result: Result<T, impl Into<Error>>) -> String {
    let error = result.unwrap_err().into();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    error.field().unwrap().to_owned()
}

#[tokio::test]
async fn headers_that_the_client_sets_are_refused_and_cookies_are_no_token() {
    use vestibule::CallOptions;

    let builder = Client::builder(APPLICATION).application_token(TOKEN);
    let client = builder.base_url("http://127.0.0.1:9").build().unwrap();
    for name in [
        "x-currency-code",
        "x-location-detail",
        "expect",
        "content-encoding",
        "keep-alive",
        "proxy-connection",
        "trailer",
    ] {
        let client = client.with_options(CallOptions::new().header(name, "a value"));
        assert_eq!(field(client.user_exists("asha@example.com").await), name);
    }
    let session = client.resume_with_cookies([("f.session", "a-cookie")]);
    let session = session.await.unwrap();
    let error = session.shared().access_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[tokio::test]
async fn malformed_settings_are_named() {
    let built = |id: &str, token: &str| Client::builder(id).application_token(token).build();
    for id in ["", "64b00000000000000000000", "64b00000000000000000000x"] {
        assert_eq!(field(built(id, TOKEN)), "application_id");
    }
    for token in ["1234", "", "12345\n", "123\r\n45", " 12345", "12345 "] {
        assert_eq!(field(built(APPLICATION, token)), "application_token");
    }
    assert!(built(APPLICATION, "12345").is_ok());
    let builder = || Client::builder(APPLICATION).application_token(TOKEN);
    assert_eq!(field(builder().currency("rupee").build()), "currency");
    for json in ["Mumbai", "[]", "{\"city\":", "\"\r\nx-other: y\""] {
        let built = builder().location_detail(json).build();
        assert_eq!(field(built), "location_detail");
    }
    for key in ["", "1234567\n", "1234\n567", " 1234567", "1234567 "] {
        assert_eq!(field(builder().signing_key(key).build()), "signing_key");
    }
    let client = builder().build().unwrap();
    for value in ["cookie\n", "coo\nkie", " cookie", "cookie ", "coo;kie"] {
        let resumed = client.resume_with_cookies([("f.session", value)]).await;
        assert_eq!(field(resumed), "cookies", "{value:?}");
    }
    assert_eq!(field(builder().sdk_version("1 2").build()), "sdk_version");
    assert_eq!(
        field(builder().base_url("http://x.com").build()),
        "base_url"
    );
}

#[tokio::test]
async fn invalid_input_is_never_sent() {
    let mock = Fynd::start().await;
    let client = client(&mock);
    let india: CountryCode = "+91".parse().unwrap();
    for mobile in ["", "123", "1234567890123456", "+919000000001", "90000x0001"] {
        assert_eq!(field(Phone::new(india, mobile)), "phone", "{mobile}");
    }
    for country_code in ["", "+", "1234", "9a", "++9"] {
        assert_eq!(field(country_code.parse::<CountryCode>()), "country_code");
    }
    let sent = client.sign_in_with_email_code("asha@").send().await;
    assert_eq!(field(sent), "email");
    assert!(mock.journal().is_empty());

    let mut pending = send_code(&client, ASHA).await;
    for code in ["", "12.34", "1234\n*5"] {
        let returned = pending.confirm(code).await.unwrap_err();
        assert_eq!(returned.error.field(), Some("code"));
        pending = returned.state;
    }
    assert_eq!(mock.journal(), [("login_with_otp", 200)]);
    assert_eq!(
        *pending.contact(),
        Contact::phone(&format!("+91{ASHA}")).unwrap()
    );
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let (mock, client) = with_users().await;
    let builder = builder(&mock);
    assert_eq!(
        format!("{builder:?} {client:?}"),
        "fynd::ClientBuilder fynd::Client"
    );
    assert_eq!(
        format!(
            "{:?}",
            client.sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        ),
        "fynd::OtpSignIn"
    );
    let date = mock.clock().now();
    let input = SignatureInput::new(&http::Method::GET, "https://x.com/?q=secret", date).unwrap();
    assert_eq!(format!("{input:?}"), "fynd::SignatureInput");
    assert!(sign(&input).starts_with("v1.1:"));

    let pending = send_code(&client, ASHA).await;
    assert_eq!(format!("{pending:?}"), "fynd::PendingCode");
    let right = code(&mock, ASHA);
    let wrong = other_than(&right);
    let returned = pending.confirm(wrong).await.unwrap_err();
    let shown = format!("{returned:?} {returned}");
    assert!(!shown.contains(wrong) && !shown.contains(ASHA), "{shown}");
    let api_error = returned.error.api_error::<ApiError>().unwrap();
    assert_eq!(format!("{api_error:?}"), "fynd::ApiError(OTP_INVALID)");

    let profile = new_user(&client, &mock, "9000000005").await;
    assert_eq!(format!("{profile:?}"), "fynd::CompleteProfile");
    let sign_in = returned.state.confirm(right).await.unwrap();
    let shown = format!("{sign_in:?} {:?} {mock:?}", client.api());
    let SignIn::SignedIn(session) = sign_in else {
        panic!("the user is known");
    };
    for secret in [session.id().expose(), "mock.sid", TOKEN, "Bearer", ASHA] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
