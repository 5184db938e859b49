//! The flows of Wunder other than the phone code: the other sign-in methods, accounts,
//! verification, terms.
#![cfg(feature = "wunder")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "wunder_flows/account.rs"]
mod account;
#[path = "wunder_flows/api_errors.rs"]
mod api_errors;
#[path = "wunder_flows/instances.rs"]
mod instances;
#[path = "wunder_flows/mfa_enrolment.rs"]
mod mfa_enrolment;
#[path = "wunder_flows/onboarding.rs"]
mod onboarding;
#[path = "wunder_flows/profile.rs"]
mod profile;
#[path = "wunder_flows/reset.rs"]
mod reset;
#[path = "wunder_flows/sign_in.rs"]
mod sign_in;
#[path = "wunder_flows/signed_profile.rs"]
mod signed_profile;
#[path = "wunder_flows/terms.rs"]
mod terms;
#[path = "wunder_flows/verification.rs"]
mod verification;

use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{Client, ClientBuilder, MfaRequired, Session, SignIn};
use vestibule::{Error, ErrorKind};

const PHONE: &str = "+43123456789";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";

fn builder(mock: &Wunder) -> ClientBuilder {
    Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone())
}

async fn start() -> (Wunder, Client) {
    let mock = Wunder::start().await;
    let client = builder(&mock).build().unwrap();
    (mock, client)
}

/// Ada has both contacts, neither of them verified, and a password.
fn ada() -> WunderUser {
    WunderUser::new()
        .phone(PHONE)
        .email(EMAIL)
        .password(PASSWORD)
        .branch("2")
}

async fn session_of(client: &Client) -> Session {
    session(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap())
}

fn session(sign_in: SignIn) -> Session {
    match sign_in {
        SignIn::SignedIn(session) => session,
        SignIn::MfaRequired(_) => panic!("no second factor was expected"),
    }
}

fn mfa(sign_in: SignIn) -> MfaRequired {
    match sign_in {
        SignIn::MfaRequired(mfa) => mfa,
        SignIn::SignedIn(_) => panic!("a second factor was expected"),
    }
}

fn code_to(mock: &Wunder, to: &str) -> String {
    mock.outbox().last_code(to).unwrap()
}

/// A wrong code of the same format.
fn other_than(code: &str) -> String {
    let last = if code.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &code[..code.len() - 1])
}

/// The field that an error names.
fn field<T>(result: Result<T, impl Into<Error>>) -> String {
    let error = result.err().expect("it is refused").into();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    error.field().unwrap().to_owned()
}

fn kind<T>(result: Result<T, impl Into<Error>>) -> ErrorKind {
    result.err().expect("it is refused").into().kind()
}

/// The vendor's error code.
fn code<T>(result: Result<T, impl Into<Error>>) -> String {
    let error = result.err().expect("it is refused").into();
    error.code().unwrap_or_default().to_owned()
}
