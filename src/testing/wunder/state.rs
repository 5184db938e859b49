//! What the mock remembers of its users.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::Seen;
use crate::testing::jwt::Issuer;

const FIVE_HOURS: i64 = 5 * 3600;
const TEN_MINUTES: i64 = 600;

/// One user, known by phone number.
#[derive(Default)]
pub(super) struct User {
    pub(super) uuid: String,
    /// The login code that is good, once.
    pub(super) code: Option<String>,
    /// What the user's authenticator shows; none without a second factor.
    pub(super) mfa_code: Option<String>,
}

pub(super) struct State {
    pub(super) users: HashMap<String, User>,
    pub(super) signatures: Seen,
    pub(super) last_signed_url: Option<String>,
    pub(super) refresh_tokens: HashMap<String, String>,
    pub(super) access_tokens: HashSet<String>,
    pub(super) access_seconds: i64,
    provisional_tokens: HashSet<String>,
    issuer: Issuer,
    counter: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            users: HashMap::new(),
            signatures: Seen::new(),
            last_signed_url: None,
            refresh_tokens: HashMap::new(),
            access_tokens: HashSet::new(),
            access_seconds: FIVE_HOURS,
            provisional_tokens: HashSet::new(),
            issuer: Issuer::new("wunder mock"),
            counter: 0,
        }
    }
}

impl State {
    /// The user of a number; a new one at first contact.
    pub(super) fn user(&mut self, phone: &str) -> &mut User {
        let count = self.users.len() + 1;
        self.users.entry(phone.to_owned()).or_insert_with(|| User {
            uuid: format!("6f1d2a34-0000-4000-8000-{count:012}"),
            ..User::default()
        })
    }

    /// Six digits, another each time.
    pub(super) fn next_code(&mut self) -> String {
        self.counter += 1;
        let code = 100_000 + self.counter.wrapping_mul(7_919) % 900_000;
        code.to_string()
    }

    pub(super) fn issue(&mut self, phone: &str, now: i64) -> (String, String) {
        let access = self.jwt(phone, "access", now, self.access_seconds);
        let refresh = self.jwt(phone, "refresh", now, 30 * 24 * 3600);
        self.access_tokens.insert(access.clone());
        self.refresh_tokens
            .insert(refresh.clone(), phone.to_owned());
        (access, refresh)
    }

    pub(super) fn issue_provisional(&mut self, phone: &str, now: i64) -> String {
        let token = self.jwt(phone, "mfa", now, TEN_MINUTES);
        self.provisional_tokens.insert(token.clone());
        token
    }

    /// Whose access token this is.
    pub(super) fn signed_in(&self, bearer: Option<&str>, now: i64) -> Option<String> {
        self.owner(bearer?, &self.access_tokens, now)
    }

    /// Whose provisional token this is.
    pub(super) fn provisional(&self, bearer: Option<&str>, now: i64) -> Option<String> {
        self.owner(bearer?, &self.provisional_tokens, now)
    }

    pub(super) fn sign_out(&mut self, phone: &str) {
        self.refresh_tokens.retain(|_, owner| owner != phone);
        let issuer = &self.issuer;
        self.access_tokens.retain(|token| {
            issuer
                .check(token, i64::MIN)
                .is_none_or(|claims| claims["sub"] != phone)
        });
    }

    fn owner(&self, token: &str, known: &HashSet<String>, now: i64) -> Option<String> {
        let claims = self.issuer.check(token, now)?;
        let owner = claims["sub"].as_str()?.to_owned();
        known.contains(token).then_some(owner)
    }

    fn jwt(&mut self, phone: &str, kind: &str, now: i64, seconds: i64) -> String {
        self.counter += 1;
        self.issuer.issue(&json!({
            "sub": phone,
            "kind": kind,
            "jti": self.counter,
            "iat": now,
            "exp": now + seconds,
        }))
    }
}
