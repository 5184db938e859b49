//! The users and their tokens.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::testing::jwt::Issuer;

const ONE_DAY: i64 = 24 * 3600;
const TEN_MINUTES: i64 = 600;

pub(super) struct User {
    pub(super) id: i64,
    pub(super) mobile: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    /// The address that was given at sign-up.
    pub(super) address: Option<Value>,
    pub(super) disabled: bool,
    pin: Option<Pin>,
}

/// The only valid PIN of a user, with its key.
struct Pin {
    key: String,
    code: String,
    sent_at: i64,
}

pub(super) struct State {
    pub(super) rejected_apps: HashSet<String>,
    pub(super) next_pin: Option<String>,
    pub(super) pin_seconds: i64,
    pub(super) token_seconds: i64,
    pub(super) old: bool,
    users: Vec<User>,
    issuer: Issuer,
    counter: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            rejected_apps: HashSet::new(),
            next_pin: None,
            pin_seconds: TEN_MINUTES,
            token_seconds: ONE_DAY,
            old: false,
            users: Vec::new(),
            issuer: Issuer::new("goodcity mock"),
            counter: 0,
        }
    }
}

impl State {
    pub(super) fn add_user(&mut self, mobile: &str, first_name: &str, last_name: &str) {
        let id = 1_001 + i64::try_from(self.users.len()).unwrap_or_default();
        self.users.push(User {
            id,
            mobile: mobile.to_owned(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            address: None,
            disabled: false,
            pin: None,
        });
    }

    pub(super) fn user_by_mobile(&mut self, mobile: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.mobile == mobile)
    }

    pub(super) fn user_by_id(&self, id: i64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(super) fn accepts_app(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| !name.is_empty() && !self.rejected_apps.contains(name))
    }

    /// A new key of 16 bytes.
    pub(super) fn next_key(&mut self) -> String {
        self.counter += 1;
        let digest = Sha256::digest(self.counter.to_be_bytes());
        STANDARD.encode(digest.iter().copied().take(16).collect::<Vec<u8>>())
    }

    /// Replaces the key and the PIN of a user.
    pub(super) fn replace_pin(&mut self, mobile: &str, now: i64) -> (String, String) {
        let key = self.next_key();
        let code = self
            .next_pin
            .take()
            .unwrap_or_else(|| format!("{:04}", self.counter.wrapping_mul(3_571) % 10_000));
        if let Some(user) = self.user_by_mobile(mobile) {
            user.pin = Some(Pin {
                key: key.clone(),
                code: code.clone(),
                sent_at: now,
            });
        }
        (key, code)
    }

    pub(super) fn discard_pin(&mut self, mobile: &str) {
        if let Some(user) = self.user_by_mobile(mobile) {
            user.pin = None;
        }
    }

    pub(super) fn discard_pins(&mut self) {
        for user in &mut self.users {
            user.pin = None;
        }
    }

    /// Uses up a valid PIN and returns the mobile number of its user.
    pub(super) fn use_pin(&mut self, key: &str, code: &str, now: i64) -> Option<String> {
        let oldest = now - self.pin_seconds;
        let is_valid = |pin: &Pin| pin.key == key && pin.code == code && pin.sent_at >= oldest;
        let user = self
            .users
            .iter_mut()
            .find(|user| user.pin.as_ref().is_some_and(is_valid))?;
        user.pin = None;
        Some(user.mobile.clone())
    }

    pub(super) fn issue(&self, user_id: i64, now: i64) -> String {
        self.issuer.issue(&json!({
            "user_id": user_id,
            "iat": now,
            "iss": "GoodCityMock",
            "exp": now + self.token_seconds,
        }))
    }

    /// Replaces the signing key.
    pub(super) fn rotate_key(&mut self) {
        let key = self.next_key();
        self.issuer = Issuer::new(&key);
    }

    /// The id of the user that a valid token belongs to.
    pub(super) fn owner(&self, bearer: Option<&str>, now: i64) -> Option<i64> {
        self.issuer.verify(bearer?, now)?["user_id"].as_i64()
    }
}
