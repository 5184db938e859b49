//! What the mock remembers of its users.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::random;

/// How soon after a message another may be asked for, in seconds.
pub(super) const RESEND_SECONDS: i64 = 30;
/// How long a cookie is good.
pub(super) const SESSION: TimeDelta = TimeDelta::days(30);

/// A mobile number; both parts are digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Number {
    pub(super) country_code: String,
    pub(super) mobile: String,
}

#[derive(Clone)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) first_name: String,
    pub(super) last_name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) gender: Option<String>,
    pub(super) date_of_birth: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

/// The newest message to a number, until its code is used.
#[derive(Clone)]
pub(super) struct Sending {
    pub(super) request_id: String,
    pub(super) resend_token: String,
    pub(super) code: String,
    pub(super) at: DateTime<Utc>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) users: HashMap<Number, User>,
    pub(super) sendings: HashMap<Number, Sending>,
    pub(super) register_tokens: HashMap<String, Number>,
    cookies: HashMap<String, (Number, DateTime<Utc>)>,
    counter: u64,
}

impl State {
    pub(super) fn add_user(&mut self, number: Number, first_name: &str, now: DateTime<Utc>) {
        let id = format!("64b{:021x}", self.users.len() + 1);
        let user = User {
            id,
            first_name: first_name.to_owned(),
            last_name: None,
            email: None,
            gender: None,
            date_of_birth: None,
            created_at: now,
            updated_at: now,
        };
        self.users.insert(number, user);
    }

    /// A new code for a number; what was sent before is void.
    pub(super) fn send(&mut self, number: &Number, now: DateTime<Utc>) -> Sending {
        self.counter += 1;
        let code = 1_000 + self.counter.wrapping_mul(7_919) % 9_000;
        let sending = Sending {
            request_id: self.unguessable(),
            resend_token: self.unguessable(),
            code: code.to_string(),
            at: now,
        };
        self.sendings.insert(number.clone(), sending.clone());
        sending
    }

    /// Uses up a code; answers whose it was.
    pub(super) fn use_code(&mut self, request_id: &str, code: &str) -> Option<Number> {
        let (number, _) = self
            .sendings
            .iter()
            .find(|(_, sending)| sending.request_id == request_id && sending.code == code)?;
        let number = number.clone();
        self.sendings.remove(&number);
        Some(number)
    }

    pub(super) fn register_token(&mut self, number: Number) -> String {
        let token = self.unguessable();
        self.register_tokens.insert(token.clone(), number);
        token
    }

    /// The value of a new cookie for the user of a number.
    pub(super) fn sign_in(&mut self, number: Number, now: DateTime<Utc>) -> String {
        let value = self.unguessable();
        self.cookies.insert(value.clone(), (number, now + SESSION));
        value
    }

    /// Whose cookie this is.
    pub(super) fn signed_in(&self, cookie: Option<&str>, now: DateTime<Utc>) -> Option<Number> {
        let (number, end) = self.cookies.get(cookie?)?;
        (*end > now && self.users.contains_key(number)).then(|| number.clone())
    }

    pub(super) fn sign_out(&mut self, cookie: &str) {
        self.cookies.remove(cookie);
    }

    pub(super) fn sign_all_out(&mut self) {
        self.cookies.clear();
    }

    fn unguessable(&mut self) -> String {
        self.counter += 1;
        random::id().unwrap_or_else(|_| format!("{:032x}", self.counter))
    }
}
