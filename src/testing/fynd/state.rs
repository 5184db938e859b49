//! The state of the mock: users, sessions, tokens and the rules of the sales channel.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::codes::{Codes, Links, OneTimeTokens};
use super::pending_registrations::PendingRegistrations;
use super::random_token::random_token;
use super::seed::{FyndAttribute, FyndSignIn, FyndUser};
use super::user::{Contact, Identity, User};

/// Lifetime of a session.
pub(super) const SESSION_LIFETIME: TimeDelta = TimeDelta::days(30);
/// Lifetime of a social token.
const SOCIAL_TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// The settings of the sales channel.
pub(super) struct Rules {
    pub(super) mobile_required: bool,
    pub(super) email_required: bool,
    pub(super) disabled: HashSet<FyndSignIn>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            mobile_required: true,
            email_required: false,
            disabled: HashSet::new(),
        }
    }
}

/// The social account of a token.
#[derive(Clone)]
pub(super) struct SocialAccount {
    pub(super) identity: Identity,
    pub(super) email: Option<String>,
}

/// The session of a signed-in browser or app.
struct Session {
    id: String,
    user_id: String,
    expires_at: DateTime<Utc>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) users: BTreeMap<String, User>,
    pub(super) codes: Codes,
    pub(super) links: Links,
    pub(super) registrations: PendingRegistrations,
    /// The tokens for setting a forgotten password, with the ids of their users.
    pub(super) forgot_tokens: OneTimeTokens<String>,
    pub(super) attributes: BTreeMap<String, FyndAttribute>,
    pub(super) rules: Rules,
    login_tokens: HashMap<String, String>,
    social_tokens: HashMap<String, (SocialAccount, DateTime<Utc>)>,
    sessions: HashMap<String, Session>,
    user_count: usize,
}

impl State {
    /// Adds a user and returns the id. Removes users who have one of the contacts.
    pub(super) fn seed(&mut self, user: FyndUser, now: DateTime<Utc>) -> String {
        for entry in user.contacts.all() {
            if let Some(owner) = self.owner(&entry.contact) {
                self.remove(&owner);
            }
        }
        self.user_count += 1;
        let id = format!("64b{:021x}", self.user_count);
        let user = User {
            id: id.clone(),
            details: user.details,
            contacts: user.contacts,
            identities: user.identities,
            attributes: user.attributes,
            created_at: now,
            updated_at: now,
        };
        self.users.insert(id.clone(), user);
        id
    }

    /// Removes a user with all sessions and login tokens.
    pub(super) fn remove(&mut self, id: &str) {
        self.users.remove(id);
        self.login_tokens.retain(|_, user_id| user_id != id);
        self.sign_out_user(id);
    }

    /// Invalidates all sent codes and links.
    pub(super) fn expire_codes(&mut self) {
        self.codes = Codes::default();
        self.links = Links::default();
    }

    /// The id of the user with this id, phone number or e-mail address.
    pub(super) fn find(&self, user: &str) -> Option<String> {
        let has_address = |known: &&User| {
            let mut contacts = known.contacts.all();
            contacts.any(|entry| entry.contact.address() == user)
        };
        let mut users = self.users.values();
        let found = self.users.get(user).or_else(|| users.find(has_address));
        found.map(|user| user.id.clone())
    }

    /// The id of the user with a contact.
    pub(super) fn owner(&self, contact: &Contact) -> Option<String> {
        let mut users = self.users.values();
        users
            .find(|user| user.contacts.get(contact).is_some())
            .map(|user| user.id.clone())
    }

    pub(super) fn owner_of_identity(&self, identity: &Identity) -> Option<String> {
        let mut users = self.users.values();
        users
            .find(|user| user.identities.contains(identity))
            .map(|user| user.id.clone())
    }

    /// Starts a session of a user and returns the cookie value.
    pub(super) fn sign_in(&mut self, user_id: &str, now: DateTime<Utc>) -> String {
        let value = random_token();
        let session = Session {
            id: random_token(),
            user_id: user_id.to_owned(),
            expires_at: now + SESSION_LIFETIME,
        };
        self.sessions.insert(value.clone(), session);
        value
    }

    /// The id of the user with a valid session cookie.
    pub(super) fn signed_in(&self, cookie: &str, now: DateTime<Utc>) -> Option<String> {
        let session = self.sessions.get(cookie)?;
        let alive = session.expires_at > now && self.users.contains_key(&session.user_id);
        alive.then(|| session.user_id.clone())
    }

    /// The ids of the sessions of a user, unordered.
    pub(super) fn sessions(&self, user_id: &str, now: DateTime<Utc>) -> Vec<&str> {
        let sessions = self.sessions.values();
        sessions
            .filter(|session| session.user_id == user_id && session.expires_at > now)
            .map(|session| session.id.as_str())
            .collect()
    }

    pub(super) fn sign_out(&mut self, cookie: &str) {
        self.sessions.remove(cookie);
    }

    pub(super) fn sign_out_user(&mut self, user_id: &str) {
        self.sessions
            .retain(|_, session| session.user_id != user_id);
    }

    pub(super) fn sign_out_all(&mut self) {
        self.sessions.clear();
    }

    pub(super) fn issue_login_token(&mut self, user_id: &str) -> String {
        let token = random_token();
        self.login_tokens.insert(token.clone(), user_id.to_owned());
        token
    }

    /// Uses up a login token and returns the user id.
    pub(super) fn consume_login_token(&mut self, token: &str) -> Option<String> {
        self.login_tokens.remove(token)
    }

    pub(super) fn issue_social_token(
        &mut self,
        account: SocialAccount,
        now: DateTime<Utc>,
    ) -> String {
        let token = random_token();
        let expires_at = now + SOCIAL_TOKEN_LIFETIME;
        self.social_tokens
            .insert(token.clone(), (account, expires_at));
        token
    }

    /// The account of a valid social token.
    pub(super) fn social_account(&self, token: &str, now: DateTime<Utc>) -> Option<SocialAccount> {
        let (account, expires_at) = self.social_tokens.get(token)?;
        (*expires_at > now).then(|| account.clone())
    }
}
