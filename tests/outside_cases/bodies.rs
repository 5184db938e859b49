//! Bodies in odd forms: byte order marks, charsets, scalars of another type, and what cannot be read.

use std::time::Duration;

use vestibule::{Error, ErrorKind, fynd, goodcity, walletcrew, wunder};

use crate::server::{Server, Unreadable, asha, wong};

const MARK: &str = "\u{feff}";
const JSON: &str = "application/json";

/// The parts of an error that tell the reason.
fn told<A>(error: &Error, code: impl Fn(&A) -> String) -> String
where
    A: std::error::Error + 'static,
{
    let api_error: &A = error.api_error().expect("the typed error");
    code(api_error)
}

/// Editors and frameworks on Windows write a byte order mark before JSON.
#[tokio::test]
async fn a_byte_order_mark_is_ignored_in_every_success_and_error() {
    let server = Server::json(format!(r#"{MARK}{{"email":"ada@example.org"}}"#)).await;
    let profile = server.wunder_session().await.profile().await.unwrap();
    assert_eq!(profile.email.as_deref(), Some("ada@example.org"));

    let server = Server::json(format!(r#"{MARK} {{"otp_auth_key":"a-key=="}}"#)).await;
    let pending = server.goodcity().sign_in_with_pin(&wong()).await.unwrap();
    assert_eq!(pending.phone(), &wong());

    let server = Server::start(409, JSON, format!(r#"{MARK}{{"errorCode":"U141.2"}}"#)).await;
    let error = server.wunder_session().await.profile().await.unwrap_err();
    assert_eq!(
        told(&error, |it: &wunder::ApiError| it.code().to_owned()),
        "U141"
    );

    let body = format!(r#"{MARK}{{"errors":{{"pin":"no"}}}}"#);
    let server = Server::start(422, JSON, body).await;
    let error = server
        .goodcity()
        .sign_in_with_pin(&wong())
        .await
        .unwrap_err();
    assert_eq!(
        told(&error, |it: &goodcity::ApiError| it.fields().join(",")),
        "pin"
    );

    let server = Server::start(400, JSON, format!(r#"{MARK}{{"code":"X1"}}"#)).await;
    let error = server.fynd().sign_in_with_phone_code(&asha()).send().await;
    let error = error.unwrap_err();
    assert_eq!(
        told(&error, |it: &fynd::ApiError| it.code().to_owned()),
        "X1"
    );

    let server = Server::start(422, JSON, format!(r#"{MARK}{{"title":"no"}}"#)).await;
    let login = serde_json::json!({"code": "1"});
    let client = server.walletcrew();
    let error = client
        .sign_in_with_provider("otp", &login)
        .await
        .unwrap_err();
    let reason = told(&error, |it: &walletcrew::ApiError| {
        format!("{:?}", it.reason())
    });
    assert_eq!(reason, "LoginData");
}

/// A name was cut in the middle of an emoji.
#[tokio::test]
async fn half_of_an_emoji_becomes_the_replacement_character() {
    let body = r#"{"email":"a \ud83d","firstName":"Asha \ud83d","x":{"\udc00":["\ud83d\ude00"]}}"#;
    let server = Server::json(body).await;
    let profile = server.wunder_session().await.profile().await.unwrap();
    assert_eq!(profile.email.as_deref(), Some("a \u{fffd}"));
    assert_eq!(profile.extra["firstName"], "Asha \u{fffd}");
    assert_eq!(profile.extra["x"]["\u{fffd}"][0], "\u{1f600}");
    // The status of an error counts, whatever its message is.
    let server = Server::start(400, JSON, r#"{"errorCode":"U101","userMessage":"\ud83d"}"#).await;
    let error = server.wunder_session().await.profile().await.unwrap_err();
    assert_eq!(
        told(&error, |it: &wunder::ApiError| it.code().to_owned()),
        "U101"
    );
}

/// Old back ends send Latin-1 with or without saying so.
#[tokio::test]
async fn text_is_read_by_its_charset_or_with_replacement_characters() {
    for (content_type, name) in [
        ("application/json; charset=ISO-8859-1", "José"),
        ("application/json;charset=\"windows-1252\"", "José"),
        ("application/json", "Jos\u{fffd}"),
        ("application/json; charset=utf-8", "Jos\u{fffd}"),
    ] {
        let server = Server::start(200, content_type, b"{\"email\":\"Jos\xE9\"}".to_vec()).await;
        let profile = server.wunder_session().await.profile().await.unwrap();
        assert_eq!(profile.email.as_deref(), Some(name), "{content_type}");
    }
    let utf_16: Vec<u8> = "\u{feff}{\"email\":\"José\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let server = Server::start(200, "application/json; charset=utf-16", utf_16).await;
    let profile = server.wunder_session().await.profile().await.unwrap();
    assert_eq!(profile.email.as_deref(), Some("José"));
}

/// Clients of the vendor in other languages type the same members as text, number or float.
#[tokio::test]
async fn a_scalar_is_read_in_the_form_in_which_it_comes() {
    for timer in ["30", "\"30\"", "30.0", "3e1", "\" 30 \"", "\"30.0\""] {
        let body = format!(
            r#"{{"success":"true","request_id":"r","resend_token":"t","mobile":9000000001,
                "country_code":91,"resend_timer":{timer}}}"#
        );
        let server = Server::json(body).await;
        let sign_in = server.fynd().sign_in_with_phone_code(&asha());
        let pending = sign_in.send().await.unwrap();
        let left = pending.resend_timer().remaining();
        assert!(
            left > Duration::from_secs(25) && left <= Duration::from_secs(30),
            "{timer}: {left:?}"
        );
    }
    let body = r#"{"user":{"_id":7,"first_name":1001,"active":"true","created_at":"2023-11-14T22:13:20",
        "phone_numbers":{"phone":9000000001,"country_code":"91","primary":1},"emails":{}}}"#;
    let server = Server::json(body).await;
    let client = server.fynd();
    let api = client.api();
    let user = api.login_with_email_and_password();
    let body = fynd::api::types::PasswordLoginRequestSchema::builder();
    let user = user
        .body(body)
        .send()
        .await
        .unwrap()
        .into_inner()
        .user
        .unwrap();
    assert_eq!((user.id.as_deref(), user.active), (Some("7"), Some(true)));
    assert_eq!(user.first_name.as_deref(), Some("1001"));
    assert_eq!(user.created_at.unwrap().timestamp(), 1_700_000_000);
    let phones = user.phone_numbers.unwrap();
    assert_eq!(phones[0].country_code, Some(91));
    assert_eq!(phones[0].phone.as_deref(), Some("9000000001"));
    assert_eq!(phones[0].primary, Some(true));
    assert_eq!(user.emails.as_deref(), Some(&[][..]));
}

/// A member that no one needs must not cost a spent code.
#[tokio::test]
async fn a_member_that_cannot_be_read_is_absent_kept_raw_and_reported() {
    let unreadable = Unreadable::default();
    let body = r#"{"user":{"_id":"u","created_at":"soon","dob":"","active":"maybe","emails":[{"email":"a@b.c"},7],"meta":[1]}}"#;
    let server = Server::json(body).await;
    let client = server.fynd_with(unreadable.clone());
    let body = fynd::api::types::PasswordLoginRequestSchema::builder();
    let response = client
        .api()
        .login_with_email_and_password()
        .body(body)
        .send()
        .await
        .unwrap();
    let user = response.into_inner().user.unwrap();
    assert_eq!((user.created_at, user.active), (None, None));
    let emails = user.emails.unwrap();
    assert_eq!(
        (emails.len(), emails[0].email.as_deref()),
        (1, Some("a@b.c"))
    );
    assert_eq!(user.extra["created_at"], "soon");
    assert_eq!(user.extra["active"], "maybe");
    assert_eq!(user.extra["meta"][0], 1);
    let mut reported = unreadable.0.lock().unwrap().clone();
    reported.sort();
    let expected = ["[]", "active", "created_at", "meta"];
    assert_eq!(
        reported,
        expected.map(|member| format!("login_with_email_and_password {member}"))
    );
}

/// Error codes are numbers, statuses are words, and lists are empty.
#[tokio::test]
async fn an_error_keeps_its_code_in_odd_forms() {
    let body = r#"{"errorCode":"AUTH3","httpStatus":"UNAUTHORIZED"}"#;
    let server = Server::start(401, JSON, body).await;
    let error = server.wunder_session().await.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(
        told(&error, |it: &wunder::ApiError| it.code().to_owned()),
        "AUTH3"
    );

    let server = Server::start(401, JSON, r#"{"code":401,"authenticated":false}"#).await;
    let error = server.fynd().sign_in_with_phone_code(&asha()).send().await;
    let error = error.unwrap_err();
    let body = |it: &fynd::ApiError| format!("{} {:?}", it.code(), it.expose_body().authenticated);
    assert_eq!(told(&error, body), "401 Some(false)");

    let body = r#"{"type":"about:blank","title":"Invalid","status":"412","errors":[]}"#;
    let server = Server::start(412, JSON, body).await;
    let login = serde_json::json!({"code": "1"});
    let client = server.walletcrew();
    let error = client
        .sign_in_with_provider("otp", &login)
        .await
        .unwrap_err();
    let problem = |it: &walletcrew::ApiError| {
        let problem = it.expose_problem();
        format!("{:?} {:?}", problem.title, problem.status)
    };
    assert_eq!(told(&error, problem), r#"Some("Invalid") Some(412)"#);

    let body = r#"{"error":"no","type":"UnauthorizedError","status":"401"}"#;
    let server = Server::start(401, JSON, body).await;
    let error = server
        .goodcity()
        .sign_in_with_pin(&wong())
        .await
        .unwrap_err();
    assert_eq!(
        told(&error, |it: &goodcity::ApiError| format!(
            "{:?}",
            it.shape()
        )),
        "Typed"
    );
}

/// What is no text in the token's alphabet is no token, and no id that goes back to the server.
#[tokio::test]
async fn only_a_string_is_a_token() {
    for token in [
        "12345",
        "true",
        "{}",
        "[]",
        "null",
        r#""""#,
        r#""a b""#,
        r#""tok\ud83den""#,
        r#""tök""#,
        r#""a\n""#,
        r#"["a"]"#,
        r#"{"token":"a"}"#,
    ] {
        let server =
            Server::json(format!(r#"{{"accessToken":{token},"mfaRequired":false}}"#)).await;
        let sign_in = server.wunder();
        let sign_in = sign_in
            .sign_in_with_password("ada@example.org", "the password")
            .await;
        let error = sign_in.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{token}");
    }
    for key in ["12345", "true", "{}", r#""""#, r#""a\ud83d""#, "null"] {
        let server = Server::json(format!(r#"{{"otp_auth_key":{key}}}"#)).await;
        let sent = server.goodcity().sign_in_with_pin(&wong()).await;
        assert_eq!(
            sent.unwrap_err().kind(),
            ErrorKind::InvalidResponse,
            "{key}"
        );
    }
}

/// Whether a sign-in asks for the second factor, if its response has these members beside the token.
async fn asks_for_mfa(members: &str) -> bool {
    let server = Server::json(format!(r#"{{{members},"accessToken":"a.b.c"}}"#)).await;
    let client = server.wunder();
    let sign_in = client
        .sign_in_with_password("ada@example.org", "the password")
        .await;
    matches!(sign_in.unwrap(), wunder::SignIn::MfaRequired(_))
}

/// Whether the second factor is required is decided by exact words alone.
#[tokio::test]
async fn an_unreadable_mfa_required_requires_the_second_factor() {
    let required = [
        "true",
        r#""true""#,
        "null",
        "0",
        "1",
        "2",
        "-1",
        "1.0",
        r#""""#,
        r#""0""#,
        r#""1""#,
        r#""False""#,
        r#""FALSE""#,
        r#""no""#,
        r#"" false""#,
        r#""null""#,
        "{}",
        "[]",
        "[false]",
        r#"{"value":false}"#,
        r#"false,"mfaRequired":false"#,
        r#"true,"mfaRequired":false"#,
        r#""false\ud83d""#,
    ];
    let values = required.map(|value| (value, true));
    for (value, is_required) in values
        .into_iter()
        .chain([("false", false), (r#""false""#, false)])
    {
        let asks = asks_for_mfa(&format!(r#""mfaRequired":{value},"refreshToken":"d""#)).await;
        assert_eq!(asks, is_required, "{value}");
    }
}

/// The state of the second factor may contradict the flag beside it.
#[tokio::test]
async fn an_mfa_status_decides_where_the_flag_does_not() {
    for (members, is_required) in [
        (r#""mfaStatus":"REQUIRED""#, true),
        (r#""mfaStatus":"anything""#, true),
        (r#""mfaStatus":{}"#, true),
        (r#""mfaStatus":"""#, true),
        (r#""mfaStatus":"REQUIRED","mfaStatus":null"#, true),
        (r#""mfaStatus":null,"mfaStatus":null"#, true),
        (r#""mfaStatus":"False""#, true),
        (r#""mfaRequired":false,"mfaStatus":"CODE_REQUIRED""#, true),
        (r#""mfaRequired":false,"mfaStatus":"NOT_REQUIRED""#, false),
        (r#""mfaStatus":1"#, true),
        (r#""mfaStatus":true"#, true),
        (r#""mfaStatus":"false""#, false),
        (r#""mfaStatus":false"#, false),
        (r#""mfaStatus":null"#, false),
        (r#""mfaRequired":false,"mfaStatus":"DISABLED""#, false),
        (r#""mfaRequired":false,"mfaStatus":"true""#, true),
        (r#""mfaRequired":false,"mfaStatus":"Pending""#, true),
        (r#""mfaRequired":false,"mfaStatus":[]"#, true),
        (
            r#""mfaRequired":false,"mfaStatus":"a","mfaStatus":"a""#,
            true,
        ),
        (r#""mfaRequired":true,"mfaStatus":"false""#, true),
    ] {
        let asks = asks_for_mfa(members).await;
        assert_eq!(asks, is_required, "{members}");
    }
}

/// Only these words say that the server does not know the session.
#[tokio::test]
async fn an_unreadable_authenticated_says_nothing() {
    for (value, said) in [
        ("false", Some(false)),
        (r#""false""#, Some(false)),
        ("true", Some(true)),
        (r#""true""#, Some(true)),
        ("null", None),
        ("0", None),
        ("1", None),
        ("2", None),
        (r#""""#, None),
        (r#""0""#, None),
        (r#""False""#, None),
        (r#""no""#, None),
        (r#"" false""#, None),
        ("{}", None),
        ("[]", None),
        ("[false]", None),
        (r#"{"a":false}"#, None),
        ("1e3", None),
        (r#"false,"authenticated":true"#, None),
        (r#"false,"authenticated":false"#, None),
    ] {
        let body = format!(r#"{{"code":"X1","authenticated":{value}}}"#);
        let server = Server::start(401, JSON, body).await;
        let error = server.fynd().sign_in_with_phone_code(&asha()).send().await;
        let error = error.unwrap_err();
        let authenticated = |it: &fynd::ApiError| format!("{:?}", it.expose_body().authenticated);
        assert_eq!(told(&error, authenticated), format!("{said:?}"), "{value}");
    }
}

/// A response of gateways: the type of the body is not the one that its label says.
#[tokio::test]
async fn a_body_that_cannot_be_read_shows_nothing_of_itself() {
    for body in [
        "Zq7mark",
        "[Zq7mark",
        r#"{"user":"Zq7mark"#,
        "\u{feff}<html>Zq7mark",
        "[1,2",
    ] {
        let server = Server::json(body).await;
        let error = server.wunder_session().await.profile().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
        assert!(!format!("{error} {error:?}").contains("Zq7mark"), "{body}");
        let kept = String::from_utf8_lossy(error.expose_body().unwrap()).into_owned();
        assert_eq!(kept, body.trim_start_matches(MARK));
    }
}
