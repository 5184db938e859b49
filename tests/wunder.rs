//! Sign-in to Wunder by phone, and its errors.
#![cfg(feature = "wunder")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use vestibule::testing::Wunder;
use vestibule::wunder::{ApiError, Challenge, Client, ErrorFamily, PendingCode, Session, SignIn};
use vestibule::{Error, ErrorKind, Phone};

const PHONE: &str = "+43123456789";

fn client(mock: &Wunder) -> Client {
    Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone())
        .build()
        .unwrap()
}

async fn send_code(client: &Client) -> PendingCode {
    client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap()
}

fn code(mock: &Wunder) -> String {
    mock.outbox().last_code(PHONE).unwrap()
}

fn signed_in(sign_in: SignIn) -> Session {
    match sign_in {
        SignIn::SignedIn(session) => session,
        SignIn::MfaRequired(_) => panic!("no second factor was expected"),
    }
}

/// Sends a request without the SDK, like an attacker who has seen a signed one.
async fn post(base_url: &str, path: &str, body: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let address = base_url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

/// The field that an error names.
fn field(result: Result<impl std::fmt::Debug, Error>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    error.field().unwrap().to_owned()
}

#[tokio::test]
async fn a_code_signs_a_new_user_in_and_gives_the_profile() {
    let mock = Wunder::start().await;
    let client = client(&mock);
    let branch = client.branch(48.2, 16.4).await.unwrap();
    let sign_in = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id(branch.id())
        .language("de");
    let pending = sign_in.send().await.unwrap();
    let session = signed_in(pending.confirm(code(&mock)).await.unwrap());
    let profile = session.profile().await.unwrap();
    assert_eq!(profile.phone_number.as_deref(), Some(PHONE));
    assert_eq!(profile.phone_is_verified, Some(true));
}

#[tokio::test]
async fn a_wrong_code_returns_the_state_and_the_right_code_still_works() {
    let mock = Wunder::start().await;
    let client = client(&mock);
    let pending = send_code(&client).await;
    let returned = pending.confirm("000000").await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Rejected);
    assert_eq!(returned.error.code(), Some("U107"));
    let api_error: &ApiError = returned.error.api_error().unwrap();
    assert_eq!(api_error.family(), ErrorFamily::User);
    signed_in(returned.state.confirm(code(&mock)).await.unwrap());
}

#[tokio::test]
async fn a_used_code_and_an_old_code_are_refused() {
    let mock = Wunder::start().await;
    let client = client(&mock);
    let pending = send_code(&client).await;
    let used = code(&mock);
    let Challenge::PendingCode(other) = client.resume_challenge(pending.id()).await.unwrap() else {
        panic!("a code was expected");
    };
    signed_in(pending.confirm(used.clone()).await.unwrap());
    // Another handle of the finished challenge is refused locally, and the code by the server.
    let returned = other.confirm(used.clone()).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(mock.count("sign_in_phone_number"), 1);
    let body = vestibule::wunder::auth_api::types::PhoneSignIn::builder()
        .phone_number(PHONE.to_owned())
        .code(vestibule::Secret::from(used));
    let api = client.auth_api();
    let response = api.sign_in_phone_number().body(body).send().await;
    assert_eq!(response.unwrap_err().kind(), ErrorKind::Rejected);

    let mut pending = send_code(&client).await;
    let old = code(&mock);
    pending.resend().await.unwrap();
    let returned = pending.confirm(old).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Rejected);
    signed_in(returned.state.confirm(code(&mock)).await.unwrap());
}

#[tokio::test]
async fn a_second_factor_cannot_be_skipped() {
    let mock = Wunder::start().await;
    mock.require_mfa(&PHONE.parse().unwrap(), "246810");
    let client = client(&mock);
    let sign_in = send_code(&client).await.confirm(code(&mock)).await.unwrap();
    let SignIn::MfaRequired(mfa) = sign_in else {
        panic!("a second factor was expected");
    };
    let returned = mfa.confirm("111111").await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Rejected);
    assert_eq!(mock.count("get_customer"), 0);
    let session = returned.state.confirm("246810").await.unwrap();
    session.profile().await.unwrap();
}

#[tokio::test]
async fn a_provisional_credential_expires_and_is_never_refreshed() {
    let mock = Wunder::start().await;
    mock.require_mfa(&PHONE.parse().unwrap(), "246810");
    let client = client(&mock);
    let sign_in = send_code(&client).await.confirm(code(&mock)).await.unwrap();
    let SignIn::MfaRequired(mfa) = sign_in else {
        panic!("a second factor was expected");
    };
    mock.clock().advance(Duration::from_secs(3600));
    let returned = mfa.confirm("246810").await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(mock.count("refresh_token"), 0);
}

#[tokio::test]
async fn every_request_is_signed_again_because_a_signature_is_valid_once() {
    let mock = Wunder::start().await;
    let client = client(&mock);
    // What sends a message is not sent again by the client, so the caller asks again.
    mock.fail_next("create_or_sign_in_with_phone_number", 429);
    let phone = PHONE.parse().unwrap();
    let limited = client.sign_in_with_phone_code(&phone).branch_id("2").send();
    assert_eq!(limited.await.unwrap_err().kind(), ErrorKind::RateLimited);
    let _ = send_code(&client).await;
    // A second request with the first signature would be refused:
    let replayed = mock.last_signed_url().unwrap();
    let body = r#"{"phoneNumber":"+43123456789","branchId":"2"}"#;
    let response = post(&mock.base_url(), &replayed, body).await;
    assert!(
        response.starts_with("HTTP/1.1 403") && response.contains("A106"),
        "{response}"
    );
    let statuses: Vec<u16> = mock.journal().iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses, [429, 204, 403]);
    let signatures = mock.signatures_seen();
    assert_eq!(
        signatures, 1,
        "the first request never reached the signature check"
    );
}

#[tokio::test]
async fn a_wrong_key_and_a_stale_clock_are_refused_by_the_server() {
    let mock = Wunder::start().await;
    let wrong = Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key("another key")
        .build()
        .unwrap();
    let error = wrong
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("A104"));

    mock.clock().advance(Duration::from_secs(3600));
    let stale = Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .build()
        .unwrap();
    let error = stale
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("A105"));
}

#[tokio::test]
async fn a_message_is_not_sent_twice_after_a_failure() {
    let mock = Wunder::start().await;
    let client = client(&mock);
    mock.fail_next("create_or_sign_in_with_phone_number", 500);
    let error = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(mock.count("create_or_sign_in_with_phone_number"), 1);
}

#[tokio::test]
async fn a_read_is_retried_after_a_failure() {
    let mock = Wunder::start().await;
    let client = client(&mock);
    mock.fail_next("resolve_branch", 503);
    mock.fail_next("resolve_branch", 500);
    client.branch(48.2, 16.4).await.unwrap();
    assert_eq!(mock.count("resolve_branch"), 3);
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_sent() {
    let mock = Wunder::start().await;
    let base = mock.base_url();
    let build = |base: &str, tenant: &str, key: &str| {
        Client::builder(base)
            .tenant(tenant)
            .signing_key(key)
            .build()
    };
    for wrong in [
        "",
        "host",
        "https://",
        "ftp://host",
        "http://api.example.com",
        "https://u:p@host",
    ] {
        assert_eq!(field(build(wrong, "t", "k")), "base_url", "{wrong}");
    }
    assert!(
        Client::builder("http://api.example.com")
            .tenant("t")
            .allow_plain_http(true)
            .build()
            .is_ok()
    );
    for wrong in ["", "a/b", "..", "tenant 1", "ten%41nt"] {
        assert_eq!(field(build(&base, wrong, "k")), "tenant", "{wrong}");
    }
    for wrong in ["", "k\n", "\r\nk", " k", "k ", "k\nk", "k\0", "\u{a0}k"] {
        assert_eq!(field(build(&base, "t", wrong)), "signing_key", "{wrong:?}");
    }
    build(&base, "t", "a key").unwrap();

    let client = client(&mock);
    for wrong in [
        "",
        "43123456789",
        "+0123456789",
        "+43 123",
        "+431234567890123456",
        "+43abc12345",
    ] {
        assert_eq!(field(Phone::parse(wrong)), "phone", "{wrong}");
    }
    let phone = PHONE.parse().unwrap();
    let without_branch = client.sign_in_with_phone_code(&phone).send().await;
    assert_eq!(field(without_branch), "branch_id");
    assert_eq!(
        field(
            client
                .sign_in_with_phone_code(&PHONE.parse().unwrap())
                .branch_id("")
                .send()
                .await
        ),
        "branch_id"
    );
    assert_eq!(field(client.branch(91.0, 0.0).await), "latitude");
    assert_eq!(field(client.branch(0.0, f64::NAN).await), "longitude");
    let unsigned = Client::builder(&base).tenant("t").build().unwrap();
    let phone = PHONE.parse().unwrap();
    let unsigned = unsigned.sign_in_with_phone_code(&phone).branch_id("2");
    let error = unsigned.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error}");
    assert_eq!(error.error_type(), "signature");
    assert!(error.to_string().contains("`signing_key`"), "{error}");
    for wrong in ["", ".", ".."] {
        let api = client.auth_api();
        let body = vestibule::wunder::auth_api::types::SetPassword::builder().password("p");
        let call = api.set_password(wrong).body(body).send().await;
        assert_eq!(field(call.map(|_| ())), "code", "{wrong}");
    }
    assert!(mock.journal().is_empty());

    let pending = send_code(&client).await;
    let mut pending = Some(pending);
    for wrong in ["", " - ", "12345;", "1\n.2"] {
        let returned = pending.take().unwrap().confirm(wrong).await.unwrap_err();
        assert_eq!(returned.error.field(), Some("code"), "{wrong:?}");
        pending = Some(returned.state);
    }
    assert_eq!(mock.count("sign_in_phone_number"), 0);
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let mock = Wunder::start().await;
    let client = client(&mock);
    let pending = send_code(&client).await;
    let code = code(&mock);
    let shown = format!("{client:?} {pending:?} {:?}", mock.outbox());
    assert!(!shown.contains(&code) && !shown.contains(Wunder::SIGNING_KEY));
    let session = signed_in(pending.confirm(code).await.unwrap());
    let token = session.access_token().await.unwrap();
    let shown = format!(
        "{session:?} {token:?} {:?}",
        session.user_api().get_customer()
    );
    assert!(!shown.contains(token.expose()) && !shown.contains(session.id().expose()));
}
