//! Sign-in to Fynd by code, and its errors.
#![cfg(feature = "fynd")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "fynd/bare_string.rs"]
mod bare_string;
#[path = "fynd/cookie_jars.rs"]
mod cookie_jars;
#[path = "fynd/input.rs"]
mod input;
#[path = "fynd/mock.rs"]
mod mock;
#[path = "fynd/responses.rs"]
mod responses;
mod support;
mod wire;

use std::fmt::Debug;
use std::time::Duration;

use vestibule::fynd::api::types;
use vestibule::fynd::{
    ApiError, Client, ClientBuilder, CompleteProfile, PendingCode, Session, SignIn,
};
use vestibule::testing::Fynd;
use vestibule::{Delivery, Email, Error, ErrorKind, Secret};

const APPLICATION: &str = "64b000000000000000000001";
const TOKEN: &str = "application-token";
const ASHA: &str = "9000000001";
const BELA: &str = "9000000002";

fn builder(mock: &Fynd) -> ClientBuilder {
    Client::builder(APPLICATION)
        .application_token(TOKEN)
        .base_url(mock.base_url())
        .clock(mock.clock().clone())
}

fn client(mock: &Fynd) -> Client {
    builder(mock).build().unwrap()
}

/// A mock with the users Asha and Bela.
async fn with_users() -> (Fynd, Client) {
    let mock = Fynd::start().await;
    mock.add_user(
        vestibule::testing::FyndUser::new("Asha")
            .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap()),
    );
    mock.add_user(
        vestibule::testing::FyndUser::new("Bela")
            .phone(vestibule::Phone::parse(&format!("+91{BELA}")).unwrap()),
    );
    let client = client(&mock);
    (mock, client)
}

async fn send_code(client: &Client, mobile: &str) -> PendingCode {
    let sign_in = client.sign_in_with_phone_code(&format!("+91{mobile}").parse().unwrap());
    sign_in.send().await.unwrap()
}

fn code(mock: &Fynd, mobile: &str) -> String {
    mock.outbox().last_code(&format!("+91{mobile}")).unwrap()
}

/// A wrong code of the right format.
fn other_than(code: &str) -> &'static str {
    if code == "1111" { "2222" } else { "1111" }
}

fn signed_in(sign_in: SignIn) -> Session {
    match sign_in {
        SignIn::SignedIn(session) => session,
        other => panic!("{other:?}: the user is known"),
    }
}

async fn sign_in(client: &Client, mock: &Fynd, mobile: &str) -> Session {
    let pending = send_code(client, mobile).await;
    let confirmed = pending.confirm(code(mock, mobile)).await;
    signed_in(confirmed.unwrap())
}

async fn new_user(client: &Client, mock: &Fynd, mobile: &str) -> CompleteProfile {
    let pending = send_code(client, mobile).await;
    match pending.confirm(code(mock, mobile)).await.unwrap() {
        SignIn::ProfileRequired(profile) => profile,
        other => panic!("{other:?}: the user is not registered yet"),
    }
}

/// The status and code of a refusal by the server.
fn refused<T: Debug>(result: Result<T, impl Into<Error>>) -> (u16, String) {
    refused_as(ErrorKind::Rejected, result)
}

fn refused_as<T: Debug>(kind: ErrorKind, result: Result<T, impl Into<Error>>) -> (u16, String) {
    let error = result.unwrap_err().into();
    assert_eq!(error.kind(), kind, "{error}");
    let api_error = error.api_error::<ApiError>().unwrap();
    assert_eq!(error.code(), Some(api_error.code()));
    assert_eq!(error.request_id(), api_error.request_id());
    assert!(api_error.expose_message().is_some());
    (
        error.status().unwrap().as_u16(),
        api_error.code().to_owned(),
    )
}

fn api_error(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn kind<T: Debug>(result: Result<T, impl Into<Error>>) -> ErrorKind {
    result.unwrap_err().into().kind()
}

#[tokio::test]
async fn a_known_user_signs_in_by_a_code() {
    let (mock, client) = with_users().await;
    let session = sign_in(&client, &mock, ASHA).await;

    let user = session.profile().await.unwrap();
    assert_eq!(user.first_name.as_deref(), Some("Asha"));
    assert_eq!(user.application_id.as_deref(), Some(APPLICATION));
    let numbers = user.phone_numbers.unwrap();
    assert_eq!(numbers[0].country_code, Some(91));
    let has_password = session.api().has_password().send().await.unwrap();
    assert_eq!(has_password.result, Some(0));
    let resumed = client.resume_session(session.id()).await.unwrap();
    let again = resumed.profile().await.unwrap();
    assert_eq!(again.first_name.as_deref(), Some("Asha"));
}

#[tokio::test]
async fn an_unknown_user_completes_the_profile_first() {
    let (mock, client) = with_users().await;
    let profile = new_user(&client, &mock, "9000000003").await;

    let returned = profile
        .first_name(" ")
        .last_name("Sen")
        .send()
        .await
        .unwrap_err();
    assert_eq!(returned.error.field(), Some("first_name"));
    assert_eq!(mock.count("update_profile"), 0);
    mock.fail_next("update_profile", 400);
    let returned = returned
        .state
        .first_name("Chandra")
        .last_name("Sen")
        .send()
        .await
        .unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Rejected);

    let profile = returned.state.email("chandra@example.com").gender("female");
    let completed = profile.first_name("Chandra").last_name("Sen").send().await;
    // The address is not required here, so its code may wait.
    let SignIn::SignedInWithCodes(session, codes) = completed.unwrap() else {
        panic!("a code was sent by e-mail");
    };
    assert_eq!(
        codes.email().map(Email::as_str),
        Some("chandra@example.com")
    );
    let user = session.profile().await.unwrap();
    assert_eq!(user.first_name.as_deref(), Some("Chandra"));
    assert_eq!(user.last_name.as_deref(), Some("Sen"));
    assert_eq!(
        user.emails.unwrap()[0].email.as_deref(),
        Some("chandra@example.com")
    );

    let change = types::EditProfileRequestSchema::builder().first_name("Chandrika".to_owned());
    let api = session.api();
    api.update_profile().body(change).send().await.unwrap();
    let user = session.profile().await.unwrap();
    assert_eq!(user.first_name.as_deref(), Some("Chandrika"));
    assert_eq!(user.last_name.as_deref(), Some("Sen"));
    mock.clock().advance(Duration::from_secs(30));
    let known = sign_in(&client, &mock, "9000000003").await;
    assert!(known.profile().await.is_ok());
}

#[tokio::test]
async fn a_resend_waits_for_its_timer_and_voids_the_previous_code() {
    let (mock, client) = with_users().await;
    let mut pending = send_code(&client, ASHA).await;
    let first_id = pending.request_id().unwrap().to_owned();
    let first_code = code(&mock, ASHA);

    let early = pending.resend().await.unwrap_err();
    assert_eq!(early.kind(), ErrorKind::RateLimited);
    assert_eq!(early.delivery(), Delivery::NotSent);
    assert!(early.retry_after().unwrap() > Duration::from_secs(25));
    assert_eq!(mock.count("send_otp_on_mobile"), 0);

    mock.clock().advance(Duration::from_secs(31));
    pending.resend().await.unwrap();
    assert!(pending.resend_timer().remaining() > Duration::from_secs(25));
    assert_eq!(kind(pending.resend().await), ErrorKind::RateLimited);
    assert_eq!(mock.outbox().messages().len(), 2);

    let body = types::VerifyOtpRequestSchema::builder()
        .request_id(first_id.clone())
        .otp(Secret::from(first_code.clone()));
    let with_old_code = client.api().verify_mobile_otp().body(body).send().await;
    assert_eq!(refused(with_old_code), api_error(400, "OTP_INVALID"));
    let returned = pending.confirm(first_code).await.unwrap_err();
    assert_eq!(returned.error.code(), Some("OTP_INVALID"));

    let mut pending = returned.state;
    mock.clock().advance(Duration::from_secs(31));
    pending.resend().await.unwrap();
    // The server takes the id of an earlier message too.
    let body = types::VerifyOtpRequestSchema::builder()
        .request_id(first_id)
        .otp(Secret::from(code(&mock, ASHA)));
    let with_old_id = client.api().verify_mobile_otp().body(body).send().await;
    assert_eq!(with_old_id.unwrap().user_exists, Some(true));

    mock.clock().advance(Duration::from_secs(31));
    let mut pending = send_code(&client, ASHA).await;
    mock.clock().advance(Duration::from_secs(31));
    pending.resend().await.unwrap();
    let session = pending.confirm(code(&mock, ASHA)).await.unwrap();
    assert!(signed_in(session).profile().await.is_ok());
}

#[tokio::test]
async fn a_wrong_code_returns_the_state_and_the_right_code_works_once() {
    let (mock, client) = with_users().await;
    let pending = send_code(&client, ASHA).await;
    let request_id = pending.request_id().unwrap().to_owned();
    let right = code(&mock, ASHA);

    let returned = pending.confirm(other_than(&right)).await.unwrap_err();
    assert_eq!(returned.error.code(), Some("OTP_INVALID"));
    assert_eq!(mock.count("verify_mobile_otp"), 1);
    let session = returned.state.confirm(right.as_str()).await.unwrap();
    signed_in(session);

    let body = types::VerifyOtpRequestSchema::builder()
        .request_id(request_id)
        .otp(Secret::from(right));
    let used = client.api().verify_mobile_otp().body(body).send().await;
    assert_eq!(refused(used), api_error(400, "OTP_INVALID"));
}

#[tokio::test]
async fn two_users_of_one_client_never_share_cookies() {
    let (mock, client) = with_users().await;
    let (asha, bela) = (
        send_code(&client, ASHA).await,
        send_code(&client, BELA).await,
    );
    let asha = asha.confirm(code(&mock, ASHA)).await.unwrap();
    let bela = bela.confirm(code(&mock, BELA)).await.unwrap();
    let (asha, bela) = (signed_in(asha), signed_in(bela));

    let (first, second) = tokio::join!(asha.profile(), bela.profile());
    assert_eq!(first.unwrap().first_name.as_deref(), Some("Asha"));
    assert_eq!(second.unwrap().first_name.as_deref(), Some("Bela"));
    let without_session = client.api().get_logged_in_user().send().await;
    assert_eq!(kind(without_session), ErrorKind::Unauthenticated);
    assert_eq!(mock.count("get_logged_in_user"), 2);

    asha.clone().sign_out().await.unwrap();
    assert_eq!(kind(asha.profile().await), ErrorKind::Unauthenticated);
    assert_eq!(mock.count("get_logged_in_user"), 2);
    let bela = bela.profile().await.unwrap();
    assert_eq!(bela.first_name.as_deref(), Some("Bela"));
}

#[tokio::test]
async fn a_session_ended_by_the_server_is_reported_without_further_requests() {
    let (mock, client) = with_users().await;
    let session = sign_in(&client, &mock, ASHA).await;
    mock.end_sessions();
    // A cookie that is seconds old gets another try.
    mock.clock().advance(std::time::Duration::from_secs(11));

    assert_eq!(kind(session.profile().await), ErrorKind::Unauthenticated);
    assert_eq!(mock.count("get_logged_in_user"), 1);
    assert_eq!(kind(session.profile().await), ErrorKind::Unauthenticated);
    let own: Result<vestibule::Response<()>, _> = session
        .request(http::Method::GET, "/service/application/cart/v1.0/basic")
        .send()
        .await;
    assert_eq!(kind(own), ErrorKind::Unauthenticated);
    assert_eq!(mock.journal().len(), 3);
    assert!(session.shared().ended().is_some());
    let resumed = client.resume_session(session.id()).await;
    let gone = match resumed {
        Ok(session) => kind(session.profile().await),
        Err(error) => error.kind(),
    };
    assert_eq!(gone, ErrorKind::Unauthenticated);
    assert_eq!(mock.count("get_logged_in_user"), 1);
}

#[tokio::test]
async fn a_cookie_expires_at_its_max_age() {
    let (mock, client) = with_users().await;
    let session = sign_in(&client, &mock, ASHA).await;
    mock.clock().advance(Duration::from_secs(31 * 24 * 3600));
    assert_eq!(kind(session.profile().await), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_code_refused_by_assumed_words_counts_as_tried() {
    use vestibule::testing::wiremock::matchers::path_regex;
    use vestibule::testing::wiremock::{Mock, ResponseTemplate};

    let (mock, client) = with_users().await;
    let mut pending = send_code(&client, ASHA).await;
    let refusal = ResponseTemplate::new(403).set_body_string(r#"{"code": "SIGNATURE_INVALID"}"#);
    let refused = Mock::given(path_regex("/otp/mobile/verify$")).respond_with(refusal);
    mock.mount(refused).await;
    for _ in 0..5 {
        let returned = pending.confirm("123456").await.unwrap_err();
        assert_eq!(returned.error.kind(), ErrorKind::Misconfigured);
        pending = returned.state;
    }
    let sixth = pending.confirm("123456").await.unwrap_err().error;
    assert_eq!(sixth.kind(), ErrorKind::StepRequired, "{sixth}");
}
