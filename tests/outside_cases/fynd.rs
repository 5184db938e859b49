//! Fynd: responses that say no, or name no user, and codes that a response announces.

use std::fmt::Debug;
use std::time::Duration;

use vestibule::fynd::{ApiError, Client, PendingCodes, Session, SignIn, SocialSignIn};
use vestibule::testing::{Fynd, FyndUser};
use vestibule::{Contact, CurrentPassword, Email, Error, ErrorKind, NewPassword, Phone, Secret};
use wiremock::matchers::path_regex;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub const SMS: &str = "+919000000001";
pub const EMAIL: &str = "asha@example.com";
const PASSWORD: &str = "the password";
/// What a server may say about a user, and a log must not.
const MESSAGE: &str = "no code for asha at 9000000001";

pub fn phone() -> Phone {
    Phone::parse(SMS).unwrap()
}

pub fn client_of(base_url: &str) -> Client {
    Client::builder("64b000000000000000000001")
        .application_token("test-token")
        .base_url(base_url)
        .build()
        .unwrap()
}

/// A mock with Asha, who has a mobile, a mailbox and a password, and a client with its clock.
pub async fn with_asha() -> (Fynd, Client) {
    let mock = Fynd::start().await;
    let asha = FyndUser::new("Asha").phone(phone()).email(EMAIL);
    mock.add_user(asha.password(PASSWORD));
    let client = Client::builder("64b000000000000000000001")
        .application_token("test-token")
        .base_url(mock.base_url())
        .clock(mock.clock().clone());
    let client = client.build().unwrap();
    (mock, client)
}

pub async fn asha(client: &Client) -> Session {
    let signed_in = client.sign_in_with_password(EMAIL, PASSWORD).await;
    signed_in.unwrap().signed_in().unwrap()
}

fn answer(path: &str, cookie: &str, body: &str) -> Mock {
    let response = ResponseTemplate::new(200).set_body_raw(body.as_bytes(), "application/json");
    let response = match cookie {
        "" => response,
        cookie => response.insert_header("set-cookie", cookie),
    };
    Mock::given(path_regex(format!("{path}$"))).respond_with(response)
}

/// Lets a mock respond to the next request of a path with this body.
async fn once(mock: &Fynd, path: &str, body: &str) {
    let cookie = "mock.sid=of-a-denial; Path=/";
    mock.mount(answer(path, cookie, body).up_to_n_times(1))
        .await;
}

/// A server with fixed responses, by the end of their path: a `Set-Cookie`, and the body.
pub async fn scripted(responses: &[(&str, &str, &str)]) -> (MockServer, Client) {
    let server = MockServer::start().await;
    for (path, cookie, body) in responses {
        answer(path, cookie, body).mount(&server).await;
    }
    let client = client_of(&server.uri());
    (server, client)
}

pub async fn requests(server: &MockServer, path: &str) -> Vec<wiremock::Request> {
    let requests = server.received_requests().await.unwrap().into_iter();
    requests
        .filter(|request| request.url.path().ends_with(path))
        .collect()
}

fn kind<T: Debug>(result: Result<T, impl Into<Error>>) -> ErrorKind {
    result.unwrap_err().into().kind()
}

/// A denial has the server's message, which only `expose_…` shows.
fn denied<T: Debug>(result: Result<T, impl Into<Error>>) {
    let error = result.unwrap_err().into();
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(error.status().unwrap().as_u16(), 200);
    assert_eq!(error.attempts(), 1);
    assert!(!error.is_retryable());
    let api_error = error.api_error::<ApiError>().unwrap();
    assert_eq!(api_error.expose_message(), Some(MESSAGE));
    for shown in [
        format!("{error} {error:?} {error:#?} {api_error} {api_error:?}"),
        serde_json::to_string(&error.problem()).unwrap(),
    ] {
        assert!(
            !shown.contains("asha") && !shown.contains("9000000001"),
            "{shown}"
        );
    }
}

fn no(member: &str) -> String {
    format!(r#"{{"{member}":false,"message":"{MESSAGE}"}}"#)
}

/// A success status beside `success: false`: a password that was not set.
#[tokio::test]
async fn a_password_that_the_server_did_not_set_stays_to_be_set() {
    let (mock, client) = with_asha().await;
    let pending = client.reset_password_by_code(phone()).send().await.unwrap();
    let code = mock.outbox().last_code(SMS).unwrap();

    let forgot = no("success").replace('}', r#","forgot_token":"x"}"#);
    once(&mock, "/otp/forgot/mobile/verify", &forgot).await;
    let failed = pending.confirm(code.as_str()).await.unwrap_err();
    let pending = failed.state;
    denied::<()>(Err(failed.error));

    let reset = pending.confirm(code.as_str()).await.unwrap();
    once(&mock, "/login/password/forgot", &no("success")).await;
    let failed = reset
        .set_password(NewPassword::new("new"))
        .await
        .unwrap_err();
    denied::<()>(Err(failed.error));
    let reset = failed.state;
    let client_has = |password: &'static str| client.sign_in_with_password(EMAIL, password);
    assert!(client_has(PASSWORD).await.is_ok());
    let id = reset.id().clone();
    assert!(
        client.resume_challenge(&id).await.is_ok(),
        "it is still open"
    );
    let session = reset.set_password(NewPassword::new("new")).await.unwrap();
    assert!(session.is_none(), "the mock sets no cookie here");
    assert!(client_has("new").await.is_ok());
    assert_eq!(
        kind(client.resume_challenge(&id).await),
        ErrorKind::Unauthenticated
    );
}

/// A success status beside `success: false`: a message that was not sent.
#[tokio::test]
async fn a_message_that_the_server_did_not_send_starts_no_timer() {
    let (mock, client) = with_asha().await;
    let send = || client.sign_in_with_email_code(EMAIL).send();
    once(&mock, "/otp/email/send", &no("success")).await;
    denied(send().await);
    // At once, without a wait.
    let mut pending = send().await.unwrap();
    let wait = pending.resend_timer().remaining();
    assert_eq!(kind(pending.resend().await), ErrorKind::RateLimited);

    mock.clock().advance(wait + Duration::from_secs(1));
    once(&mock, "/otp/email/send", &no("success")).await;
    denied(pending.resend().await);
    assert!(pending.resend_timer().remaining().is_zero());
    pending.resend().await.unwrap();
    let code = mock.outbox().last_code(EMAIL).unwrap();
    assert!(pending.confirm(code).await.unwrap().signed_in().is_some());

    mock.clock().advance(Duration::from_secs(60));
    let reset = || client.reset_password_by_code(phone()).send();
    once(&mock, "/otp/forgot/mobile/send", &no("success")).await;
    denied(reset().await);
    assert!(reset().await.is_ok());

    once(&mock, "/login/password/reset", &no("success")).await;
    let email = || Email::parse(EMAIL).unwrap();
    denied(client.reset_password_by_link(email()).await);
    assert!(client.reset_password_by_link(email()).await.is_ok());
}

/// A success status beside `success: false` or `logout: false`, for a signed-in user.
#[tokio::test]
async fn a_session_stays_if_the_server_did_not_change_the_password_or_sign_out() {
    let (mock, client) = with_asha().await;
    let session = asha(&client).await;
    once(&mock, "/v1.0/password", &no("success")).await;
    let (current, new) = (CurrentPassword::new(PASSWORD), NewPassword::new("new"));
    denied(session.update_password(current, new).await);
    // The cookie of the denial is not in the jar.
    assert!(session.profile().await.is_ok());
    assert!(client.sign_in_with_password(EMAIL, PASSWORD).await.is_ok());

    let id = session.id().clone();
    for body in [
        no("logout"),
        no("success"),
        no("logout").replace("false", "\"False\""),
    ] {
        once(&mock, "/logout", &body).await;
        denied(session.clone().sign_out().await);
        assert!(session.shared().ended().is_none());
        assert!(session.profile().await.is_ok());
    }
    assert!(client.resume_session(&id).await.is_ok());
    session.sign_out().await.unwrap();
    assert_eq!(
        kind(client.resume_session(&id).await),
        ErrorKind::Unauthenticated
    );
}

/// A cookie that every visitor gets, and a success that names no user.
#[tokio::test]
async fn no_user_is_signed_in_by_a_cookie_alone() {
    const VISITOR: &str = "f.session=s%3Avisitor.signature; Path=/";
    for body in [
        r#"{"success":false}"#,
        "{}",
        "null",
        r#"{"success":true}"#,
        r#"{"user_exists":true}"#,
        r#"{"userExists":true}"#,
        r#"{"user":{}}"#,
        r#"{"user":null}"#,
        r#"{"user":{"_id":""},"user_exists":true}"#,
        r#"{"user":{"_id":" ","user_id":""},"user_exists":true}"#,
        r#"{"user":{"first_name":"Asha","active":true}}"#,
        r#"{"user_exists":true,"register_token":""}"#,
    ] {
        let started = r#"{"success":true,"request_id":"r","resend_token":"t"}"#;
        let (server, client) = scripted(&[
            ("/login/otp", VISITOR, started),
            ("/otp/mobile/verify", VISITOR, body),
            ("/login/password", VISITOR, body),
            ("/login/token", VISITOR, body),
            ("/login/google-token", VISITOR, body),
            ("/login/apple-ios", VISITOR, body),
            ("/login/password/reset/forgot", VISITOR, body),
            ("/v1.0/session", VISITOR, body),
            ("/register/form", VISITOR, body),
        ])
        .await;
        let expected = match body.contains("false") {
            true => ErrorKind::Rejected,
            false => ErrorKind::InvalidResponse,
        };
        let pending = client
            .sign_in_with_phone_code(&phone())
            .send()
            .await
            .unwrap();
        let id = pending.id().clone();
        let failed = pending.confirm("1234").await.unwrap_err();
        assert_eq!(failed.error.kind(), expected, "{body}");
        assert!(
            client.resume_challenge(&id).await.is_ok(),
            "{body}: the challenge is open"
        );
        let password = client.sign_in_with_password(EMAIL, PASSWORD).await;
        assert_eq!(kind(password), expected, "{body}");
        let token = client.sign_in_with_token("a token").await;
        assert_eq!(kind(token), expected, "{body}");
        for account in [SocialSignIn::google("t"), SocialSignIn::apple("t").id("1")] {
            let social = client.sign_in_with_social(account).await;
            assert_eq!(kind(social), expected, "{body}");
        }
        let link = client.password_link("a code");
        let reset = link.set_password(NewPassword::new("new")).await;
        assert_eq!(kind(reset), expected, "{body}");
        let form = client.sign_up("Asha").email(EMAIL).send().await;
        let exists = body.contains(r#"xists":true"#);
        let expected = match (expected, exists) {
            (ErrorKind::Rejected, _) | (_, true) => ErrorKind::Rejected,
            (expected, false) => expected,
        };
        assert_eq!(kind(form), expected, "{body}");
        // Cookies go back byte for byte.
        let verified = requests(&server, "/otp/mobile/verify").await;
        let cookie = verified[0].headers["cookie"].to_str().unwrap();
        assert_eq!(cookie, "f.session=s%3Avisitor.signature");
    }
}

/// A success that names a user, in each member that can.
#[tokio::test]
async fn a_response_that_names_a_user_signs_in() {
    for user in [
        r#"{"_id":"u1"}"#,
        r#"{"user_id":"u1"}"#,
        r#"{"user_id":"","_id":"u1"}"#,
    ] {
        let body = format!(r#"{{"user":{user}}}"#);
        let (_server, client) = scripted(&[("/login/password", "any.name=v; Path=/", &body)]).await;
        let signed_in = client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap();
        assert!(signed_in.signed_in().is_some(), "{body}");
    }
}

const FORM: &str = r#"{"success":true,"user_exists":true,"verify_mobile_otp":true,"request_id":"r",
    "resend_token":"t","register_token":"g"}"#;

/// The vendor's page: `user_exists` of a form says that there was a user, and `verify_mobile_otp` that
/// a code was sent.
#[tokio::test]
async fn the_codes_of_a_form_remain_to_be_confirmed_with_a_cookie_and_without() {
    let exists_in_other_spelling = FORM
        .replace("user_exists", "userExists")
        .replace("resend_token", "resendToken");
    for form in [FORM, &exists_in_other_spelling] {
        for cookie in ["", "f.session=visitor; Path=/"] {
            let (server, client) = scripted(&[
                ("/register/form", cookie, form),
                (
                    "/otp/mobile/send",
                    "",
                    r#"{"request_id":"r2","resend_token":"t2"}"#,
                ),
                (
                    "/otp/mobile/verify",
                    "f.session=user; Path=/",
                    r#"{"user":{"_id":"u1"},"user_exists":true}"#,
                ),
            ])
            .await;
            let sent = client.sign_up("Asha").phone(phone()).send().await.unwrap();
            let SignIn::CodesRequired(codes) = sent else {
                panic!("{sent:?}: a code is to be confirmed");
            };
            assert_eq!(codes.phone(), Some(&phone()));
            assert_eq!(codes.request_id(), Some("r"));
            let Ok(vestibule::fynd::Challenge::PendingCodes(codes)) =
                client.resume_challenge(codes.id()).await
            else {
                panic!("the codes can be resumed");
            };
            let session = codes.confirm_phone("1234").await.unwrap().signed_in();
            assert!(session.is_some());
            let verified = &requests(&server, "/otp/mobile/verify").await[0];
            let body: serde_json::Value = serde_json::from_slice(&verified.body).unwrap();
            let expected = serde_json::json!(
                {"request_id": "r", "register_token": "g", "otp": "1234"}
            );
            assert_eq!(body, expected);
        }
    }
}

/// The vendor's page: `user_exists` of a form says that there was a user.
#[tokio::test]
async fn a_form_without_codes_signs_in_only_a_user_whom_the_server_names() {
    let exists = r#"{"success":true,"user_exists":true}"#;
    let created = r#"{"success":true,"user_exists":false}"#;
    let visitor = "f.session=visitor; Path=/";
    let asha = r#"{"user":{"_id":"u1"}}"#;
    for (form, cookie, session, expected) in [
        (exists, "", "{}", Err(ErrorKind::Rejected)),
        (exists, visitor, "{}", Err(ErrorKind::Rejected)),
        (created, visitor, "{}", Err(ErrorKind::InvalidResponse)),
        (created, "", asha, Err(ErrorKind::InvalidResponse)),
        (created, visitor, asha, Ok(())),
        ("{}", visitor, asha, Ok(())),
    ] {
        let (server, client) = scripted(&[
            ("/register/form", cookie, form),
            ("/v1.0/session", "", session),
        ])
        .await;
        let sent = client.sign_up("Asha").email(EMAIL).send().await;
        let result = sent.map(|step| assert!(step.signed_in().is_some()));
        assert_eq!(
            result.map_err(|error| error.kind()),
            expected,
            "{form} {session}"
        );
        let asked = requests(&server, "/v1.0/session").await.len();
        assert_eq!(
            asked,
            usize::from(!cookie.is_empty()),
            "asked with a cookie only"
        );
    }
}

const SIGNED_IN: &str = "f.session=user; Path=/";

/// The vendor's example of a profile: a user, a cookie, and a code that may be confirmed.
fn profile_with_a_code() -> [(&'static str, &'static str, &'static str); 5] {
    [
        (
            "/login/otp",
            "",
            r#"{"request_id":"r0","resend_token":"t0"}"#,
        ),
        (
            "/otp/mobile/verify",
            "",
            r#"{"user_exists":false,"register_token":"g"}"#,
        ),
        (
            "/v1.0/detail",
            SIGNED_IN,
            r#"{"success":true,"user_exists":true,"user":{"_id":"u1","first_name":"Asha"},
                "verify_mobile_otp":true,"verify_email_otp":false,"mobile":"9000000002",
                "country_code":"91","request_id":"r","resend_token":"t","resend_timer":30}"#,
        ),
        ("/v1.0/session", "", r#"{"user":{"_id":"u1"}}"#),
        ("/v1.0/attributes", "", "{}"),
    ]
}

/// The vendor's example: a profile that signs in and announces a code.
#[tokio::test]
async fn a_profile_that_signs_in_and_announces_a_code_gives_both() {
    for names_phone in [true, false] {
        let (server, client) = scripted(&profile_with_a_code()).await;
        let pending = client
            .sign_in_with_phone_code(&phone())
            .send()
            .await
            .unwrap();
        let id = pending.id().clone();
        let SignIn::ProfileRequired(profile) = pending.confirm("1234").await.unwrap() else {
            panic!("a profile is required");
        };
        let second = Phone::parse("+919000000002").unwrap();
        let profile = match names_phone {
            true => profile.phone(second.clone()),
            false => profile,
        };
        let sent = profile.first_name("Asha").send().await.unwrap();
        let SignIn::SignedInWithCodes(session, codes) = sent else {
            panic!("{sent:?}: both are there");
        };
        assert!(session.profile().await.is_ok());
        assert_eq!((codes.id(), codes.phone()), (&id, Some(&second)));
        assert_eq!(codes.request_id(), Some("r"));

        // Only the session resumes them.
        let error = client.resume_challenge(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StepRequired);
        let other = client.resume_with_cookies([("f.session", "other")]).await;
        let error = other.unwrap().resume_codes(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        let session = client.resume_session(session.id()).await.unwrap();
        let codes: PendingCodes = session.resume_codes(&id).await.unwrap();
        assert_eq!(codes.phone(), Some(&second));
        server.reset().await;
        let verified = r#"{"user":{"_id":"u1"},"user_exists":true}"#;
        answer("/otp/mobile/verify", "", verified)
            .mount(&server)
            .await;
        let SignIn::SignedIn(same) = codes.confirm_phone("5678").await.unwrap() else {
            panic!("no code remains");
        };
        assert_eq!(same.id(), session.id());
        let verified = &requests(&server, "/otp/mobile/verify").await[0];
        assert_eq!(verified.headers["cookie"], "f.session=user");
        let error = session.resume_codes(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "it is finished");
    }
}

/// A request id that is empty.
#[tokio::test]
async fn a_message_without_a_request_id_is_no_challenge() {
    for id in [
        "",
        r#""request_id":"","#,
        r#""request_id":" ","#,
        r#""request_id":null,"#,
    ] {
        let body = format!(r#"{{"success":true,{id}"resend_token":"t","verify_mobile_otp":true}}"#);
        let (_server, client) = scripted(&[
            ("/login/otp", "", &body),
            ("/otp/forgot/mobile/send", "", &body),
            ("/register/form", "", &body),
        ])
        .await;
        let error = client
            .sign_in_with_phone_code(&phone())
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
        assert!(error.to_string().contains("no request id"), "{error}");
        let client = client_of(&_server.uri());
        let reset = client.reset_password_by_code(phone()).send().await;
        assert_eq!(kind(reset), ErrorKind::InvalidResponse);
        let client = client_of(&_server.uri());
        let form = client.sign_up("Asha").phone(phone()).send().await;
        assert_eq!(kind(form), ErrorKind::InvalidResponse);
    }
}

/// Tokens that are empty.
#[tokio::test]
async fn an_empty_token_is_an_absent_one() {
    let (_server, client) = scripted(&[
        (
            "/login/otp",
            "",
            r#"{"request_id":"r","resend_token":"","resend_timer":0}"#,
        ),
        (
            "/otp/mobile/verify",
            "",
            r#"{"user_exists":false,"register_token":" "}"#,
        ),
        (
            "/otp/forgot/mobile/send",
            "",
            r#"{"request_id":"r","resend_timer":0}"#,
        ),
        (
            "/otp/forgot/mobile/verify",
            "",
            r#"{"success":true,"forgot_token":""}"#,
        ),
    ])
    .await;
    let mut pending = client
        .sign_in_with_phone_code(&phone())
        .send()
        .await
        .unwrap();
    assert_eq!(kind(pending.resend().await), ErrorKind::InvalidResponse);
    assert_eq!(
        kind(pending.confirm("1234").await),
        ErrorKind::InvalidResponse
    );
    let contact = Contact::phone("+919000000009").unwrap();
    let pending = client.reset_password_by_code(contact).send().await.unwrap();
    assert_eq!(
        kind(pending.confirm("1234").await),
        ErrorKind::InvalidResponse
    );
}

/// The vendor's screens have four digits, and its page says that the length is configured.
#[tokio::test]
async fn codes_of_any_length_are_sent() {
    let user = r#"{"user":{"_id":"u1"},"user_exists":true}"#;
    for code in [
        "1",
        "123",
        "1234",
        "123456",
        "12345678901234567890",
        "AB12cd",
    ] {
        let (server, client) = scripted(&[
            ("/login/otp", "", r#"{"request_id":"r"}"#),
            ("/otp/mobile/verify", SIGNED_IN, user),
        ])
        .await;
        let pending = client
            .sign_in_with_phone_code(&phone())
            .send()
            .await
            .unwrap();
        assert!(pending.confirm(code).await.is_ok());
        let sent = &requests(&server, "/otp/mobile/verify").await[0];
        let body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
        assert_eq!(body["otp"], code);
    }
}

/// A deleted account: `is_deleted` in the `meta` of an error.
#[tokio::test]
async fn an_error_tells_that_the_account_is_deleted() {
    let server = MockServer::start().await;
    let client = client_of(&server.uri());
    for (meta, deleted) in [
        (r#"{"is_deleted":true}"#, true),
        (r#"{"is_deleted":false}"#, false),
        ("{}", false),
        ("null", false),
    ] {
        server.reset().await;
        let body = format!(r#"{{"code":"USER_DELETED","meta":{meta}}}"#);
        let response = ResponseTemplate::new(400).set_body_raw(body, "application/json");
        Mock::given(path_regex("/login/password$"))
            .respond_with(response)
            .mount(&server)
            .await;
        let error = client
            .sign_in_with_password(EMAIL, PASSWORD)
            .await
            .unwrap_err();
        let api_error = error.api_error::<ApiError>().unwrap();
        assert_eq!(api_error.is_deleted(), deleted, "{meta}");
    }
}

/// Both resets may sign the user in: the cookie that comes along is kept.
#[tokio::test]
async fn a_password_reset_gives_the_session_that_the_server_starts() {
    for (cookie, session, expected) in [
        (SIGNED_IN, r#"{"user":{"_id":"u1"}}"#, true),
        (SIGNED_IN, "{}", false),
        ("", r#"{"user":{"_id":"u1"}}"#, false),
    ] {
        let (server, client) = scripted(&[
            (
                "/otp/forgot/mobile/send",
                "f.session=visitor; Path=/",
                r#"{"request_id":"r"}"#,
            ),
            (
                "/otp/forgot/mobile/verify",
                "",
                r#"{"success":true,"forgot_token":"f"}"#,
            ),
            ("/login/password/forgot", cookie, r#"{"success":true}"#),
            ("/v1.0/session", "", session),
        ])
        .await;
        let pending = client.reset_password_by_code(phone()).send().await.unwrap();
        let reset = pending.confirm("1234").await.unwrap();
        let signed_in = reset.set_password(NewPassword::new("new")).await.unwrap();
        assert_eq!(signed_in.is_some(), expected, "{cookie} {session}");
        let asked = requests(&server, "/v1.0/session").await;
        assert_eq!(asked.len(), usize::from(!cookie.is_empty()));
        if let Some(session) = signed_in {
            let id: Secret = session.id().clone();
            assert!(client.resume_session(&id).await.is_ok());
            assert_eq!(asked[0].headers["cookie"], "f.session=user");
        }
    }
}
