//! Accounts and sign-in of The Wallet Crew, and their errors.
#![cfg(feature = "walletcrew")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "walletcrew/input.rs"]
mod input;
#[path = "walletcrew/reauthentication.rs"]
mod reauthentication;
#[path = "walletcrew/sessions.rs"]
mod sessions;

use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vestibule::session::Tokens;
use vestibule::testing::{Channel, WalletCrew};
use vestibule::walletcrew::api::types;
use vestibule::walletcrew::{ApiError, Challenge, Client, ErrorReason, Saved, Session};
use vestibule::{AnyJson, Error, ErrorKind, Secret};

const EMAIL: &str = "ada@example.com";
const PHONE: &str = "+33612345678";
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// A custom account type.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Customer {
    email: String,
    first_name: String,
}

/// A custom login type.
#[derive(Serialize)]
struct Otp {
    identifier: &'static str,
    code: Secret,
}

fn ada() -> Customer {
    Customer {
        email: EMAIL.to_owned(),
        first_name: "Ada".to_owned(),
    }
}

fn otp(code: impl Into<Secret>) -> Otp {
    Otp {
        identifier: EMAIL,
        code: code.into(),
    }
}

async fn start() -> (WalletCrew, Client) {
    let mock = WalletCrew::start().await;
    let client = client(&mock, "tenant-01");
    (mock, client)
}

fn client(mock: &WalletCrew, tenant: &str) -> Client {
    let builder = Client::builder(mock.base_url())
        .tenant(tenant)
        .clock(mock.clock().clone());
    builder.build().unwrap()
}

fn code(mock: &WalletCrew) -> String {
    mock.outbox().last_code(EMAIL).unwrap()
}

async fn challenge(client: &Client) -> Challenge {
    match client
        .customer(&ada())
        .flow("activation")
        .send()
        .await
        .unwrap()
    {
        Saved::ChallengeIssued(challenge) => challenge,
        Saved::Done(_) => panic!("a challenge was expected"),
    }
}

async fn sign_in(mock: &WalletCrew, client: &Client) -> Session {
    let challenge = challenge(client).await;
    challenge.confirm("otp", &otp(code(mock))).await.unwrap()
}

fn refused(error: &Error, status: u16, reason: ErrorReason) {
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(error.status().unwrap().as_u16(), status, "{error}");
    let api_error: &ApiError = error.api_error().unwrap();
    assert_eq!(api_error.reason(), reason, "{error}");
}

/// The field that an error names.
fn field(result: Result<impl std::fmt::Debug, Error>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    error.field().unwrap().to_owned()
}

#[tokio::test]
async fn an_account_is_created_and_changed_in_a_custom_type() {
    let (mock, client) = start().await;
    let Saved::Done(customer) = client.customer(&ada()).send().await.unwrap() else {
        panic!("no challenge was expected");
    };
    let id = customer["id"].clone();
    assert_eq!(customer["firstName"], "Ada");

    let change = json!({"id": id, "firstName": "Augusta"});
    let saved = client
        .customer(&change)
        .send_as::<Customer>()
        .await
        .unwrap();
    let Saved::Done(changed) = saved else {
        panic!("no challenge was expected");
    };
    assert_eq!(changed.email, EMAIL);
    assert_eq!(changed.first_name, "Augusta");
    assert!(mock.outbox().messages().is_empty());

    let saved = client.customer(&change).send_as::<Vec<u8>>().await;
    let error = saved.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(!error.to_string().contains("Augusta"));
}

#[tokio::test]
async fn a_flow_issues_a_challenge_that_a_code_completes() {
    let (mock, client) = start().await;
    let challenge = challenge(&client).await;
    assert_eq!(challenge.expose_body()["challenge"], "pending");
    let messages = mock.outbox().messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].channel, Channel::Email);
    let session = challenge.confirm("otp", &otp(code(&mock))).await.unwrap();
    let profile: Value = session.profile().await.unwrap();
    assert_eq!(profile["email"], EMAIL);
    assert_eq!(profile["provider"], "otp");
    assert_eq!(session.profile::<Customer>().await.unwrap(), ada());
    let mismatch = session.profile::<Vec<u8>>().await.unwrap_err();
    assert_eq!(mismatch.kind(), ErrorKind::InvalidResponse);
}

#[tokio::test]
async fn a_phone_gets_its_code_by_sms_and_signs_in_without_the_challenge() {
    let (mock, client) = start().await;
    let phone = json!({"phone": PHONE});
    let saved = client.customer(&phone).flow("preregistration").send().await;
    assert!(matches!(saved, Ok(Saved::ChallengeIssued(_))));
    assert_eq!(mock.outbox().messages()[0].channel, Channel::Sms);
    let code = mock.outbox().last_code(PHONE).unwrap();
    let login = json!({"identifier": PHONE, "code": code});
    let session = client.sign_in_with_provider("otp", &login).await.unwrap();
    let profile: Value = session.profile().await.unwrap();
    assert_eq!(profile["phone"], PHONE);
}

#[tokio::test]
async fn a_wrong_code_returns_the_challenge_and_a_code_is_valid_once() {
    let (mock, client) = start().await;
    let returned = challenge(&client)
        .await
        .confirm("otp", &otp("000000"))
        .await
        .unwrap_err();
    refused(&returned.error, 422, ErrorReason::LoginData);
    let code = code(&mock);
    let challenge = client.resume_challenge(returned.state.id()).await.unwrap();
    challenge.confirm("otp", &otp(code.clone())).await.unwrap();
    // Another handle of the finished challenge is refused locally, and the code by the server.
    let finished = returned.state.confirm("otp", &otp(code.clone())).await;
    let finished = finished.unwrap_err();
    assert_eq!(finished.error.kind(), ErrorKind::Unauthenticated);
    let error = client
        .sign_in_with_provider("otp", &otp(code))
        .await
        .unwrap_err();
    refused(&error, 422, ErrorReason::LoginData);
    assert_eq!(mock.count("authenticate"), 3);
}

#[tokio::test]
async fn a_new_code_voids_the_previous_one() {
    let (mock, client) = start().await;
    let _ = challenge(&client).await;
    let former = code(&mock);
    let _ = challenge(&client).await;
    let error = client
        .sign_in_with_provider("otp", &otp(former))
        .await
        .unwrap_err();
    refused(&error, 422, ErrorReason::LoginData);
    client
        .sign_in_with_provider("otp", &otp(code(&mock)))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_bare_text_token_is_accepted_like_a_json_string() {
    let (mock, client) = start().await;
    mock.bare_text_tokens(true);
    let session = sign_in(&mock, &client).await;
    assert!(!session.access_token().await.unwrap().expose().contains('"'));
    session.profile::<Value>().await.unwrap();
}

#[tokio::test]
async fn only_a_read_is_retried_after_a_failure() {
    let (mock, client) = start().await;
    for operation in ["create_or_update_customer", "authenticate"] {
        mock.fail_next(operation, 500);
    }
    let error = client.customer(&ada()).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let error = client
        .sign_in_with_provider("otp", &otp("123456"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(mock.journal().len(), 2);

    let session = sign_in(&mock, &client).await;
    mock.fail_next("get_customer", 500);
    session.profile::<Value>().await.unwrap();
    assert_eq!(mock.count("get_customer"), 2);
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let (mock, client) = start().await;
    let account = client.customer(&ada());
    let challenge = challenge(&client).await;
    let code = code(&mock);
    let shown = format!("{client:?} {account:?} {challenge:?}");
    assert!(!shown.contains(EMAIL) && !shown.contains("Ada"), "{shown}");
    assert!(!format!("{:?}", mock.outbox()).contains(&code));
    let returned = challenge.confirm("otp", &otp("987123")).await.unwrap_err();
    let shown = format!(
        "{returned:?} {returned} {:?}",
        returned.error.api_error::<ApiError>()
    );
    assert!(
        !shown.contains("987123") && !shown.contains(EMAIL),
        "{shown}"
    );
    let session = returned.state.confirm("otp", &otp(code)).await.unwrap();
    let token = session.access_token().await.unwrap();
    let profile: types::Customer = session.profile().await.unwrap();
    let shown = format!(
        "{session:?} {token:?} {profile:?} {:?}",
        session.api().get_customer()
    );
    assert!(!shown.contains(token.expose()) && !shown.contains(session.id().expose()));
    assert!(!shown.contains(EMAIL), "{shown}");
}
