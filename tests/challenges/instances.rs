//! Mocks of the four systems, and any number of client instances over one store.

use std::time::Duration;

use serde_json::{Value, json};
use vestibule::testing::{Fynd, GoodCity, WalletCrew, Wunder};
use vestibule::{Error, ErrorKind, Secret, fynd, goodcity, walletcrew, wunder};

use crate::stores::Store;

pub const PHONE: &str = "+43123456789";
pub const MFA_PHONE: &str = "+43987654321";
pub const MFA_CODE: &str = "246810";
pub const MOBILE: &str = "+85251234567";
pub const ASHA: &str = "9000000001";
pub const NEW: &str = "9000000009";
pub const EMAIL: &str = "ada@example.com";

/// GoodCity's minimum interval between two pins.
pub const PIN_WAIT: Duration = Duration::from_secs(60);
/// Fynd's minimum interval between two codes, as in its mock.
pub const CODE_WAIT: Duration = Duration::from_secs(30);

pub async fn start_wunder() -> Wunder {
    let mock = Wunder::start().await;
    mock.require_mfa(&MFA_PHONE.parse().unwrap(), MFA_CODE);
    mock
}

pub fn on_wunder(mock: &Wunder, store: Store) -> wunder::Client {
    wunder_of(mock, store, "tenant01").build().unwrap()
}

pub fn wunder_of(mock: &Wunder, store: Store, tenant: &str) -> wunder::ClientBuilder {
    wunder::Client::builder(mock.base_url())
        .tenant(tenant)
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone())
        .store(store)
}

pub async fn start_goodcity() -> GoodCity {
    let mock = GoodCity::start().await;
    mock.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse(MOBILE).unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    mock
}

pub fn on_goodcity(mock: &GoodCity, store: Store) -> goodcity::Client {
    goodcity_at(mock.base_url(), mock, store).build().unwrap()
}

pub fn goodcity_at(url: String, mock: &GoodCity, store: Store) -> goodcity::ClientBuilder {
    goodcity::Client::builder(url)
        .app_name("app")
        .clock(mock.clock().clone())
        .store(store)
}

pub async fn start_fynd() -> Fynd {
    let mock = Fynd::start().await;
    mock.add_user(
        vestibule::testing::FyndUser::new("Asha")
            .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap()),
    );
    mock
}

pub fn on_fynd(mock: &Fynd, store: Store) -> fynd::Client {
    fynd_of(mock, store, "64b000000000000000000001")
}

pub fn fynd_of(mock: &Fynd, store: Store, application: &str) -> fynd::Client {
    fynd::Client::builder(application)
        .application_token("application-token")
        .base_url(mock.base_url())
        .clock(mock.clock().clone())
        .store(store)
        .build()
        .unwrap()
}

pub fn on_walletcrew(mock: &WalletCrew, store: Store) -> walletcrew::Client {
    walletcrew::Client::builder(mock.base_url())
        .tenant("tenant-01")
        .clock(mock.clock().clone())
        .store(store)
        .build()
        .unwrap()
}

/// The challenge that a client resumes by an id, where a code is expected.
pub async fn wunder_code(client: &wunder::Client, id: &Secret) -> wunder::PendingCode {
    match client.resume_challenge(id).await.unwrap() {
        wunder::Challenge::PendingCode(pending) => pending,
        _ => panic!("no second factor yet"),
    }
}

pub async fn fynd_code(client: &fynd::Client, id: &Secret) -> fynd::PendingCode {
    match client.resume_challenge(id).await.unwrap() {
        fynd::Challenge::PendingCode(pending) => pending,
        other => panic!("{other:?} has no code to sign in by"),
    }
}

pub async fn challenge_of(client: &walletcrew::Client) -> walletcrew::Challenge {
    let account = json!({"email": EMAIL, "firstName": "Ada"});
    let saved = client.customer(&account).flow("activation").send().await;
    match saved.unwrap() {
        walletcrew::Saved::ChallengeIssued(challenge) => challenge,
        walletcrew::Saved::Done(_) => panic!("a challenge was expected"),
    }
}

pub fn login(code: &str) -> Value {
    json!({"identifier": EMAIL, "code": code})
}

/// A pin other than `pin`.
pub fn other_than(pin: &str, nth: usize) -> String {
    let pin: usize = pin.parse().unwrap();
    format!("{:04}", (pin + 1 + nth) % 10_000)
}

pub fn kind<T>(result: Result<T, impl Into<Error>>) -> ErrorKind {
    match result {
        Ok(_) => panic!("an error was expected"),
        Err(error) => error.into().kind(),
    }
}
