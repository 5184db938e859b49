//! The users and their tokens.

use std::collections::{HashSet, VecDeque};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::GoodCityRace;
use super::request::known_app;
use super::user::GoodCityUser;
use crate::testing::jwt::Issuer;

const ONE_DAY: i64 = 24 * 3600;
const TEN_MINUTES: i64 = 600;

/// The claim that tells what a token is for.
const METADATA: &str = "https://goodcity.hk/jwt/metadata";

/// The districts have the ids from 1 to this.
const DISTRICTS: i64 = 18;

/// The apps that every user may use.
const OPEN_APPS: [&str; 3] = ["app", "browse", "stock"];

/// A language of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    #[default]
    English,
    Chinese,
}

impl Language {
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-tw",
        }
    }

    /// The language with this tag, or else with its main language.
    pub(super) fn compatible_with(tag: &str) -> Option<Self> {
        let main = tag.split('-').next().unwrap_or_default();
        let mut languages = [Self::English, Self::Chinese].into_iter();
        languages.find(|language| {
            let known = language.tag().split('-').next();
            known.is_some_and(|known| known.eq_ignore_ascii_case(main))
        })
    }
}

pub(super) struct User {
    pub(super) id: i64,
    /// Empty for a user who signed up by e-mail address.
    pub(super) mobile: String,
    pub(super) email: Option<String>,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) title: Option<String>,
    pub(super) language: Option<Language>,
    /// The address that was given at sign-up.
    pub(super) address: Option<Value>,
    /// The apps that the user may use beyond those of all users.
    pub(super) apps: Vec<String>,
    pub(super) organisation: Option<String>,
    pub(super) last_connected: Option<DateTime<Utc>>,
    pub(super) is_mobile_verified: bool,
    pub(super) is_email_verified: bool,
    pub(super) disabled: bool,
    pub(super) pin: Option<Pin>,
}

impl User {
    /// A user with a number, which may be empty, and nothing else.
    pub(super) fn new(mobile: &str) -> Self {
        Self {
            id: 0,
            mobile: mobile.to_owned(),
            email: None,
            first_name: String::new(),
            last_name: String::new(),
            title: None,
            language: None,
            address: None,
            apps: Vec::new(),
            organisation: None,
            last_connected: None,
            is_mobile_verified: false,
            is_email_verified: false,
            disabled: false,
            pin: None,
        }
    }

    /// Records what a pin has proved. A text that names neither proves nothing.
    pub(super) fn verified(&mut self, pin_for: &str) {
        match pin_for {
            "mobile" => self.is_mobile_verified = true,
            "email" => self.is_email_verified = true,
            _ => {}
        }
    }
}

/// The only valid PIN of a user, with its key.
pub(super) struct Pin {
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
    pub(super) blocked: bool,
    races: VecDeque<GoodCityRace>,
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
            blocked: false,
            races: VecDeque::new(),
            users: Vec::new(),
            issuer: Issuer::with_new_key("goodcity mock"),
            counter: 0,
        }
    }
}

impl State {
    /// Adds a user and returns the id.
    pub(super) fn add_user(&mut self, user: GoodCityUser) -> i64 {
        let GoodCityUser {
            phone,
            first_name,
            last_name,
            title,
            email,
            language,
            apps,
            organisation,
            last_connected,
        } = user;
        let apps = apps.iter().map(|app| known_app(app).to_owned());
        let added = User {
            first_name,
            last_name,
            title,
            email,
            language: language.and_then(|tag| Language::compatible_with(&tag)),
            apps: apps.collect(),
            organisation,
            last_connected,
            ..User::new(phone.e164())
        };
        self.insert(added)
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &User> {
        self.users.iter()
    }

    /// Inserts a user and returns its id.
    pub(super) fn insert(&mut self, user: User) -> i64 {
        let id = 1_001 + i64::try_from(self.users.len()).unwrap_or_default();
        self.users.push(User { id, ..user });
        id
    }

    /// The id of the user with a number.
    pub(super) fn id_of_mobile(&self, mobile: &str) -> Option<i64> {
        let mut users = self.users.iter();
        let user = users.find(|user| user.mobile == mobile && !mobile.is_empty())?;
        Some(user.id)
    }

    /// The id of the user with an e-mail address, in any case.
    pub(super) fn id_of_email(&self, email: &str) -> Option<i64> {
        let has_email = |user: &&User| {
            let known = user.email.as_deref();
            known.is_some_and(|known| known.eq_ignore_ascii_case(email))
        };
        self.users.iter().find(has_email).map(|user| user.id)
    }

    pub(super) fn user_by_id(&mut self, id: i64) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    /// Whether two sign-ups at the same time have left two users with one number.
    pub(super) fn has_twin(&self, id: i64) -> bool {
        let number = self.users.iter().find(|user| user.id == id);
        number.is_some_and(|user| {
            let mut others = self.users.iter().filter(|other| other.id != id);
            !user.mobile.is_empty() && others.any(|other| other.mobile == user.mobile)
        })
    }

    /// Whether the server knows a district; a text that is no number is no id.
    pub(super) fn has_district(id: &str) -> bool {
        id.parse().is_ok_and(|id| (1..=DISTRICTS).contains(&id))
    }

    /// Whether a user may sign in as an app.
    pub(super) fn may_sign_in(&self, id: i64, app: &str) -> bool {
        let user = self.users.iter().find(|user| user.id == id);
        let is_permitted = user.is_some_and(|user| user.apps.iter().any(|known| known == app));
        !app.is_empty()
            && !self.rejected_apps.contains(app)
            && (OPEN_APPS.contains(&app) || is_permitted)
    }

    pub(super) fn expect_race(&mut self, race: GoodCityRace) {
        self.races.push_back(race);
    }

    /// Whether the present request is part of such a race.
    pub(super) fn is_race(&mut self, race: GoodCityRace) -> bool {
        let expected = self.races.iter().position(|expected| *expected == race);
        expected.and_then(|at| self.races.remove(at)).is_some()
    }

    /// A new key of 16 bytes.
    pub(super) fn next_key(&mut self) -> String {
        self.counter += 1;
        let digest = Sha256::digest(self.counter.to_be_bytes());
        STANDARD.encode(digest.iter().copied().take(16).collect::<Vec<u8>>())
    }

    /// Replaces the key and the PIN of a user.
    pub(super) fn replace_pin(&mut self, id: i64, now: i64) -> (String, String) {
        let key = self.next_key();
        let code = self
            .next_pin
            .take()
            .unwrap_or_else(|| format!("{:04}", self.counter.wrapping_mul(3_571) % 10_000));
        if let Some(user) = self.user_by_id(id) {
            user.pin = Some(Pin {
                key: key.clone(),
                code: code.clone(),
                sent_at: now,
            });
        }
        (key, code)
    }

    pub(super) fn discard_pin(&mut self, id: i64) {
        if let Some(user) = self.user_by_id(id) {
            user.pin = None;
        }
    }

    pub(super) fn discard_pins(&mut self) {
        for user in &mut self.users {
            user.pin = None;
        }
    }

    /// Uses up a valid PIN and returns the id of its user.
    pub(super) fn use_pin(&mut self, key: &str, code: &str, now: i64) -> Option<i64> {
        let oldest = now - self.pin_seconds;
        let is_valid = |pin: &Pin| pin.key == key && pin.code == code && pin.sent_at >= oldest;
        let user = self
            .users
            .iter()
            .find(|user| user.pin.as_ref().is_some_and(is_valid))?;
        let id = user.id;
        if !self.is_race(GoodCityRace::Verify) {
            self.discard_pin(id);
        }
        Some(id)
    }

    pub(super) fn issue(&self, user_id: i64, now: i64) -> String {
        self.issue_as("api", user_id, now)
    }

    /// A token that is for something else than to call, unless its type is `api`.
    pub(super) fn issue_as(&self, kind: &str, user_id: i64, now: i64) -> String {
        self.issuer.issue(&json!({
            "user_id": user_id,
            "iat": now,
            "iss": "GoodCityMock",
            "exp": now + self.token_seconds,
            METADATA: {"type": kind},
        }))
    }

    /// Replaces the signing key.
    pub(super) fn rotate_key(&mut self) {
        let key = self.next_key();
        self.issuer = Issuer::new(&key);
    }

    /// The id of the user that a valid token belongs to.
    pub(super) fn owner(&self, token: Option<&str>, now: i64) -> Option<i64> {
        let claims = self.issuer.verify(token?, now)?;
        let is_for_calls = claims[METADATA]["type"] == "api";
        claims["user_id"].as_i64().filter(|_| is_for_calls)
    }
}
