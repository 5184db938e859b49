//! What the mock remembers: users, who is signed in, and the rules of the sales channel.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::codes::{Codes, Links, Spendable};
use super::person::{Contact, Identity, User};
use super::registrations::Registrations;
use super::seed::{FyndAttribute, FyndSignIn, FyndUser};
use crate::random;

/// How long a cookie is good.
pub(super) const SESSION: TimeDelta = TimeDelta::days(30);
/// How long a third party confirms a token.
const SOCIAL_TOKEN: TimeDelta = TimeDelta::hours(1);

/// What the sales channel's owner decides.
pub(super) struct Rules {
    pub(super) mobile_required: bool,
    pub(super) email_required: bool,
    pub(super) off: HashSet<FyndSignIn>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            mobile_required: true,
            email_required: false,
            off: HashSet::new(),
        }
    }
}

/// Whose a third party's token is.
#[derive(Clone)]
pub(super) struct SocialAccount {
    pub(super) identity: Identity,
    pub(super) email: Option<String>,
}

/// One signed-in browser or app.
struct Session {
    id: String,
    user_id: String,
    until: DateTime<Utc>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) users: BTreeMap<String, User>,
    pub(super) codes: Codes,
    pub(super) links: Links,
    pub(super) registrations: Registrations,
    /// What a right forgotten-password code is exchanged for, with the user's id.
    pub(super) forgot_tokens: Spendable<String>,
    pub(super) attributes: BTreeMap<String, FyndAttribute>,
    pub(super) rules: Rules,
    login_tokens: HashMap<String, String>,
    social_tokens: HashMap<String, (SocialAccount, DateTime<Utc>)>,
    sessions: HashMap<String, Session>,
    made: usize,
}

impl State {
    /// Adds a user and gives the id.
    pub(super) fn seed(&mut self, user: FyndUser, now: DateTime<Utc>) -> String {
        for entry in user.contacts.all() {
            if let Some(owner) = self.owner(&entry.contact) {
                self.remove(&owner);
            }
        }
        self.made += 1;
        let id = format!("64b{:021x}", self.made);
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

    /// Forgets a user and everything that signs in as that user.
    pub(super) fn remove(&mut self, id: &str) {
        self.users.remove(id);
        self.login_tokens.retain(|_, user_id| user_id != id);
        self.sign_out_user(id);
    }

    /// The id of the user who has a contact.
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

    /// The value of a new cookie for a user.
    pub(super) fn sign_in(&mut self, user_id: &str, now: DateTime<Utc>) -> String {
        let value = unguessable();
        let session = Session {
            id: unguessable(),
            user_id: user_id.to_owned(),
            until: now + SESSION,
        };
        self.sessions.insert(value.clone(), session);
        value
    }

    /// Whose cookie this is.
    pub(super) fn signed_in(&self, cookie: &str, now: DateTime<Utc>) -> Option<String> {
        let session = self.sessions.get(cookie)?;
        let alive = session.until > now && self.users.contains_key(&session.user_id);
        alive.then(|| session.user_id.clone())
    }

    /// The ids of a user's sessions, in no order.
    pub(super) fn sessions(&self, user_id: &str, now: DateTime<Utc>) -> Vec<&str> {
        let sessions = self.sessions.values();
        sessions
            .filter(|session| session.user_id == user_id && session.until > now)
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

    pub(super) fn sign_all_out(&mut self) {
        self.sessions.clear();
    }

    pub(super) fn issue_login_token(&mut self, user_id: &str) -> String {
        let token = unguessable();
        self.login_tokens.insert(token.clone(), user_id.to_owned());
        token
    }

    /// Uses up a login token; answers whose it was.
    pub(super) fn spend_login_token(&mut self, token: &str) -> Option<String> {
        self.login_tokens.remove(token)
    }

    pub(super) fn issue_social_token(
        &mut self,
        account: SocialAccount,
        now: DateTime<Utc>,
    ) -> String {
        let token = unguessable();
        let until = now + SOCIAL_TOKEN;
        self.social_tokens.insert(token.clone(), (account, until));
        token
    }

    /// Whose token this is, as the third party would say.
    pub(super) fn social_account(&self, token: &str, now: DateTime<Utc>) -> Option<SocialAccount> {
        let (account, until) = self.social_tokens.get(token)?;
        (*until > now).then(|| account.clone())
    }
}

/// A value that nobody can guess.
pub(super) fn unguessable() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    // Without entropy it can be guessed, but no two values are ever equal.
    random::id().unwrap_or_else(|_| format!("{:032x}", MADE.fetch_add(1, Ordering::Relaxed)))
}
