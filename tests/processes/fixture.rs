//! The environment of the workers: the server, the proxy in front of it, and the shared store.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use vestibule::store::{Record, SessionStore, StoreKey};
use vestibule::testing::{FaultProxy, Wunder};
use vestibule::wunder::{Client, SignIn};

use super::protocol::{Setup, StoreLocation};

/// Lifetime in seconds of tokens that are not issued as expired.
const LIFETIME: i64 = 3_600;

pub struct Fixture {
    pub mock: Wunder,
    pub proxy: FaultProxy,
    /// The setup of a worker without delays, behind the proxy.
    pub setup: Setup,
    pub store: Arc<dyn SessionStore>,
    client: Client,
}

impl Fixture {
    pub async fn on(location: StoreLocation) -> Self {
        let mock = Wunder::start().await;
        let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
        let setup = Setup::new(location, proxy.base_url());
        let store = setup.location.open().await;
        let client = setup.client(store.clone());
        Self {
            mock,
            proxy,
            setup,
            store,
            client,
        }
    }

    /// Signs a user in; returns the id of the session.
    pub async fn sign_in(&self, phone: &str) -> String {
        let sign_in = self
            .client
            .sign_in_with_phone_code(&phone.parse().unwrap())
            .branch_id("2");
        let pending = sign_in.send().await.unwrap();
        let code = self.mock.outbox().last_code(phone).unwrap();
        match pending.confirm(code).await.unwrap() {
            SignIn::SignedIn(session) => session.id().expose().to_owned(),
            SignIn::MfaRequired(_) => panic!("no second factor was expected"),
        }
    }

    /// The same, with an expired access token. Tokens that are issued later are long-lived.
    pub async fn sign_in_expired(&self, phone: &str) -> String {
        self.mock.set_access_lifetime(0);
        let session = self.sign_in(phone).await;
        self.mock.set_access_lifetime(LIFETIME);
        session
    }

    /// The stored refresh token of a session; `None` if the session does not exist.
    pub async fn stored_refresh(&self, session: &str) -> Option<String> {
        let key = Sha256::digest([b"wunder\0", session.as_bytes()].concat());
        let loaded = self.store.load(&StoreKey::new(key.into())).await.unwrap();
        let live = loaded.filter(|(record, _)| !is_end_marker(record));
        live.map(|(record, _)| refresh_token_of(&record).expect("a session of tokens"))
    }

    /// Waits until the server has seen this many refreshes.
    pub async fn refreshes_reach(&self, refreshes: usize) {
        while self.mock.count("refresh_token") < refreshes {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// The refresh token in a record that is not sealed.
pub fn refresh_token_of(record: &Record) -> Option<String> {
    let stored: Value = serde_json::from_slice(record.expose()).ok()?;
    let refresh = stored["tokens"]["refresh"].as_str();
    refresh.map(str::to_owned)
}

/// Whether the session of a record that is not sealed has ended.
pub fn is_end_marker(record: &Record) -> bool {
    let stored: Option<Value> = serde_json::from_slice(record.expose()).ok();
    stored.is_some_and(|stored| stored["ended"] == true)
}
