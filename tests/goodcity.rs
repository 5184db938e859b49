//! Sign-in to GoodCity by pin, and its errors.
#![cfg(feature = "goodcity")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "goodcity/input.rs"]
mod input;
#[path = "goodcity/keys.rs"]
mod keys;
#[path = "goodcity/sessions.rs"]
mod sessions;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vestibule::goodcity::api::types;
use vestibule::goodcity::{ApiError, Client, ErrorShape, MobileRule, PendingCode, Session};
use vestibule::session::Tokens;
use vestibule::testing::{GoodCity, GoodCityRace};
use vestibule::{Error, ErrorKind, Secret};

const MOBILE: &str = "+85251234567";
const UNKNOWN: &str = "+85261234567";
const WAIT: Duration = Duration::from_secs(60);

async fn start() -> (GoodCity, Client) {
    let mock = GoodCity::start().await;
    mock.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse(MOBILE).unwrap())
            .first_name("Ada")
            .last_name("Wong")
            .language("en"),
    );
    let client = Client::builder(mock.base_url())
        .app_name("app")
        .clock(mock.clock().clone())
        .build()
        .unwrap();
    (mock, client)
}

async fn send_pin(client: &Client) -> PendingCode {
    client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap()
}

fn pin(mock: &GoodCity) -> String {
    mock.outbox().last_code(MOBILE).unwrap()
}

async fn sign_in(mock: &GoodCity, client: &Client) -> Session {
    let pending = send_pin(client).await;
    pending.confirm(pin(mock)).await.unwrap().session
}

/// Requests a pin without the state that manages the key.
async fn key_by_hand(client: &Client) -> Secret {
    let body = types::SendPinRequest::builder().mobile(MOBILE.to_owned());
    let api = client.api();
    let response = api.send_pin().body(body).send().await.unwrap();
    response.into_inner().otp_auth_key.unwrap()
}

async fn verify_by_hand(client: &Client, key: &Secret, pin: &str) -> Result<(), Error> {
    let body = types::VerifyRequest::builder()
        .otp_auth_key(key.clone())
        .pin(Secret::from(pin));
    let api = client.api();
    api.verify().body(body).send().await.map(|_| ())
}

/// Sends a request without the SDK, and so without an app name.
async fn post(mock: &GoodCity, path: &str, body: &Value) -> String {
    let base_url = mock.base_url();
    let address = base_url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = body.to_string();
    let request = format!(
        "POST /api/v1/auth/{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

fn refused(error: &Error, status: u16, shape: ErrorShape) {
    refused_as(ErrorKind::Rejected, error, status, shape);
}

fn refused_as(kind: ErrorKind, error: &Error, status: u16, shape: ErrorShape) {
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.status().unwrap().as_u16(), status, "{error}");
    let api_error: &ApiError = error.api_error().unwrap();
    assert_eq!(api_error.shape(), shape, "{error}");
}

/// The field that an error names.
fn field(result: Result<impl std::fmt::Debug, Error>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    error.field().unwrap().to_owned()
}

#[tokio::test]
async fn a_pin_signs_a_user_in_and_brings_the_profile() {
    let (mock, client) = start().await;
    let pending = send_pin(&client).await;
    assert_eq!(pending.phone().to_e164(), MOBILE);
    let signed_in = pending.confirm(pin(&mock)).await.unwrap();
    let came_along = signed_in.profile.unwrap().user_profile.unwrap();
    let profile = signed_in.session.profile().await.unwrap();
    let user = profile.user_profile.unwrap();
    assert_eq!(user, came_along);
    assert_eq!(user.first_name.as_deref(), Some("Ada"));
    assert_eq!(user.mobile.as_deref(), Some("51234567"));
    assert_eq!(user.is_mobile_verified, Some(true));
}

#[tokio::test]
async fn an_old_server_is_supported() {
    let (mock, client) = start().await;
    mock.old_server(true);
    let pending = send_pin(&client).await;
    let signed_in = pending.confirm(pin(&mock)).await.unwrap();
    let profile = signed_in.session.profile().await.unwrap();
    assert_eq!(profile.permissions, Some(vec![]));
    let user = profile.user_profile.unwrap();
    assert_eq!(user.last_name.as_deref(), Some("Wong"));
    assert_eq!(user.email, None);
    signed_in
        .session
        .update_device("handle", "gcm")
        .await
        .unwrap();
    let api = signed_in.session.api();
    let error = api.current_user_rooms().send().await.unwrap_err();
    refused_as(ErrorKind::Misconfigured, &error, 404, ErrorShape::Framework);
    let error = client
        .sign_in_with_pin(&"+85241234567".parse().unwrap())
        .await
        .unwrap_err();
    refused(&error, 422, ErrorShape::Invalid);
}

#[tokio::test]
async fn a_sign_up_creates_a_user_and_for_a_known_number_changes_nothing() {
    let (mock, client) = start().await;
    let sign_up = client
        .sign_up(&UNKNOWN.parse().unwrap())
        .first_name("Grace")
        .last_name("Lee")
        .district_id("7")
        .address_type("Profile");
    let pending = sign_up.send().await.unwrap();
    let pin_of_new = mock.outbox().last_code(UNKNOWN).unwrap();
    let profile = pending.confirm(pin_of_new).await.unwrap().profile.unwrap();
    let user = profile.user_profile.unwrap();
    assert_eq!(user.first_name.as_deref(), Some("Grace"));
    let addresses = profile.addresses.unwrap();
    assert_eq!(addresses[0].id, user.address_id);
    assert_eq!(addresses[0].district_id, Some(7));

    let pending = client
        .sign_up(&MOBILE.parse().unwrap())
        .first_name("Eve")
        .last_name("Li")
        .send()
        .await
        .unwrap();
    let profile = pending.confirm(pin(&mock)).await.unwrap().profile.unwrap();
    let user = profile.user_profile.unwrap();
    assert_eq!(user.first_name.as_deref(), Some("Ada"));
}

#[tokio::test]
async fn a_sign_up_needs_no_names() {
    let (mock, client) = start().await;
    let sign_up = client.sign_up(&UNKNOWN.parse().unwrap());
    let pending = sign_up.send().await.unwrap();
    let pin = mock.outbox().last_code(UNKNOWN).unwrap();
    let profile = pending.confirm(pin).await.unwrap().profile.unwrap();
    let user = profile.user_profile.unwrap();
    assert_eq!((user.first_name, user.last_name), (None, None));
    assert_eq!(user.mobile.as_deref(), Some("61234567"));
}

#[tokio::test]
async fn a_sign_up_in_an_unknown_district_is_refused_and_can_be_corrected() {
    let (mock, client) = start().await;
    let sign_up = client.sign_up(&UNKNOWN.parse().unwrap());
    let error = sign_up.clone().district_id("99").send().await.unwrap_err();
    refused(&error, 409, ErrorShape::Typed);
    assert_eq!(error.code(), Some("ForeignKeyMismatchError"));
    let pending = sign_up.district_id("1").send().await.unwrap();
    let pin = mock.outbox().last_code(UNKNOWN).unwrap();
    let profile = pending.confirm(pin).await.unwrap().profile.unwrap();
    assert_eq!(profile.addresses.unwrap()[0].district_id, Some(1));
    assert_eq!(profile.districts.unwrap().len(), 1);
}

#[tokio::test]
async fn signing_up_by_number_alone_is_a_typed_call() {
    let (mock, client) = start().await;
    let body = types::SendPinRequest::builder().mobile(UNKNOWN.to_owned());
    let api = client.api();
    let response = api.signup_and_send_pin().body(body).send().await.unwrap();
    let key = response.into_inner().otp_auth_key.unwrap();
    let pin = mock.outbox().last_code(UNKNOWN).unwrap();
    verify_by_hand(&client, &key, &pin).await.unwrap();
}

#[tokio::test]
async fn an_unknown_number_looks_like_a_known_one_and_gets_no_message() {
    let (mock, client) = start().await;
    let pending = client
        .sign_in_with_pin(&UNKNOWN.parse().unwrap())
        .await
        .unwrap();
    assert!(mock.outbox().messages().is_empty());
    let returned = pending.confirm("1234").await.unwrap_err();
    refused(&returned.error, 422, ErrorShape::Fields);
}

#[tokio::test]
async fn a_wrong_pin_returns_the_state_and_a_pin_is_valid_once() {
    let (mock, client) = start().await;
    mock.set_next_pin("1234");
    let key = key_by_hand(&client).await;
    let error = verify_by_hand(&client, &key, "4321").await.unwrap_err();
    refused(&error, 422, ErrorShape::Fields);
    verify_by_hand(&client, &key, "1234").await.unwrap();
    let error = verify_by_hand(&client, &key, "1234").await.unwrap_err();
    refused(&error, 422, ErrorShape::Fields);

    mock.set_next_pin("5678");
    let pending = send_pin(&client).await;
    let returned = pending.confirm("8765").await.unwrap_err();
    refused(&returned.error, 422, ErrorShape::Fields);
    let api_error: &ApiError = returned.error.api_error().unwrap();
    assert_eq!(api_error.fields()[0], "pin");
    let _ = returned.state.confirm("5678").await.unwrap();
    assert_eq!(mock.count("verify"), 5);
}

#[tokio::test]
async fn leading_zeros_of_a_pin_are_kept() {
    let (mock, client) = start().await;
    mock.set_next_pin("0042");
    let pending = send_pin(&client).await;
    let _ = pending.confirm(" 0042 ").await.unwrap();
}

#[tokio::test]
async fn a_pin_expires() {
    let (mock, client) = start().await;
    mock.set_pin_lifetime(120);
    let pending = send_pin(&client).await;
    mock.clock().advance(Duration::from_secs(150));
    let returned = pending.confirm(pin(&mock)).await.unwrap_err();
    refused(&returned.error, 422, ErrorShape::Fields);
}

#[tokio::test]
async fn a_message_and_a_pin_are_not_sent_twice_after_a_failure() {
    let (mock, client) = start().await;
    for operation in ["send_pin", "signup", "verify"] {
        mock.fail_next(operation, 503);
    }
    let error = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    mock.clock().advance(WAIT);
    client
        .sign_up(&MOBILE.parse().unwrap())
        .first_name("A")
        .last_name("B")
        .send()
        .await
        .unwrap_err();
    mock.clock().advance(WAIT);
    let pending = send_pin(&client).await;
    let returned = pending.confirm(pin(&mock)).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        (
            mock.count("send_pin"),
            mock.count("signup"),
            mock.count("verify")
        ),
        (2, 1, 1)
    );
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let (mock, client) = start().await;
    mock.set_next_pin("9871");
    let pending = send_pin(&client).await;
    let sign_up = client
        .sign_up(&MOBILE.parse().unwrap())
        .first_name("Ada")
        .last_name("Wong");
    let shown = format!("{client:?} {pending:?} {sign_up:?} {:?}", mock.outbox());
    assert!(!shown.contains("9871") && !shown.contains("=="), "{shown}");
    let returned = pending.confirm("1789").await.unwrap_err();
    let shown = format!(
        "{returned:?} {returned} {:?}",
        returned.error.api_error::<ApiError>()
    );
    assert!(
        !shown.contains("1789") && !shown.contains("Invalid SMS"),
        "{shown}"
    );
    let session = returned.state.confirm("9871").await.unwrap().session;
    let token = session.access_token().await.unwrap();
    let shown = format!(
        "{session:?} {token:?} {:?}",
        session.api().current_user_profile()
    );
    assert!(!shown.contains(token.expose()) && !shown.contains(session.id().expose()));
}
