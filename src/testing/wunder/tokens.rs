//! The tokens that the mock issued: of users and of API clients.

use std::collections::HashMap;

use serde_json::json;

use super::Wunder;
use super::users::UserId;
use crate::clock::Clock;
use crate::session;
use crate::testing::Calls;
use crate::testing::jwt::Issuer;

const FIVE_HOURS: i64 = 5 * 3600;
const THIRTY_DAYS: i64 = 30 * 24 * 3600;
const TEN_MINUTES: i64 = 600;

/// For whom a token speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    User(UserId),
    Client(String),
}

/// What a token is good for.
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) owner: Owner,
    /// The sign-in that it came from.
    session: u64,
}

/// A token that ends by its own claims, with what it grants.
type Issued = HashMap<String, Grant>;

pub(super) struct Tokens {
    access: Issued,
    refresh: Issued,
    provisional: Issued,
    issuer: Issuer,
    access_seconds: i64,
    refresh_seconds: i64,
    rotates: bool,
    counter: u64,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            access: Issued::new(),
            refresh: Issued::new(),
            provisional: Issued::new(),
            issuer: Issuer::new("wunder mock"),
            access_seconds: FIVE_HOURS,
            refresh_seconds: THIRTY_DAYS,
            rotates: true,
            counter: 0,
        }
    }
}

impl Tokens {
    /// A new session: an access token and a refresh token.
    pub(super) fn start(&mut self, owner: &Owner, subject: &str, now: i64) -> (String, String) {
        self.counter += 1;
        let grant = Grant {
            owner: owner.clone(),
            session: self.counter,
        };
        (
            self.access(&grant, subject, now),
            self.refresh(&grant, subject, now),
        )
    }

    /// The next access token of a session, with the next refresh token if they rotate.
    pub(super) fn renew(
        &mut self,
        presented: &str,
        subject: &str,
        now: i64,
    ) -> Option<(String, Option<String>)> {
        let grant = self.renewable(presented, now)?;
        let access = self.access(&grant, subject, now);
        if !self.rotates {
            return Some((access, None));
        }
        self.refresh.remove(presented);
        let refresh = self.refresh(&grant, subject, now);
        Some((access, Some(refresh)))
    }

    /// What a refresh token grants while it is good.
    pub(super) fn renewable(&self, presented: &str, now: i64) -> Option<Grant> {
        self.granted(&self.refresh, presented, now)
    }

    /// What a user has who still lacks the second factor.
    pub(super) fn start_provisional(&mut self, user: UserId, subject: &str, now: i64) -> String {
        self.counter += 1;
        let grant = Grant {
            owner: Owner::User(user),
            session: self.counter,
        };
        let token = self.jwt(subject, "mfa", now, TEN_MINUTES);
        self.provisional.insert(token.clone(), grant);
        token
    }

    /// Whose access token this is.
    pub(super) fn signed_in(&self, bearer: &str, now: i64) -> Option<Owner> {
        Some(self.granted(&self.access, bearer, now)?.owner)
    }

    /// Whose provisional token this is.
    pub(super) fn provisional(&self, bearer: &str, now: i64) -> Option<Owner> {
        Some(self.granted(&self.provisional, bearer, now)?.owner)
    }

    /// Ends the session that a token came from, if it is one of `owner`.
    pub(super) fn end_session(&mut self, owner: &Owner, token: &str) {
        let grant = self.access.get(token).or_else(|| self.refresh.get(token));
        let own = grant.filter(|grant| grant.owner == *owner);
        if let Some(session) = own.map(|grant| grant.session) {
            self.access.retain(|_, grant| grant.session != session);
            self.refresh.retain(|_, grant| grant.session != session);
        }
    }

    fn end_all(&mut self, user: UserId) {
        let owner = Owner::User(user);
        for tokens in [&mut self.access, &mut self.refresh, &mut self.provisional] {
            tokens.retain(|_, grant| grant.owner != owner);
        }
    }

    fn granted(&self, known: &Issued, token: &str, now: i64) -> Option<Grant> {
        self.issuer.check(token, now)?;
        known.get(token).cloned()
    }

    fn access(&mut self, grant: &Grant, subject: &str, now: i64) -> String {
        let token = self.jwt(subject, "access", now, self.access_seconds);
        self.access.insert(token.clone(), grant.clone());
        token
    }

    fn refresh(&mut self, grant: &Grant, subject: &str, now: i64) -> String {
        let token = self.jwt(subject, "refresh", now, self.refresh_seconds);
        self.refresh.insert(token.clone(), grant.clone());
        token
    }

    /// A token that grants nothing here.
    pub(super) fn openid(&mut self, subject: &str, now: i64) -> String {
        self.jwt(subject, "openid", now, TEN_MINUTES)
    }

    fn jwt(&mut self, subject: &str, kind: &str, now: i64, seconds: i64) -> String {
        self.counter += 1;
        self.issuer.issue(&json!({
            "sub": subject,
            "kind": kind,
            "jti": self.counter,
            "iat": now,
            "exp": now + seconds,
        }))
    }
}

impl Wunder {
    /// How long new access tokens live, in seconds; five hours by default.
    pub fn set_access_lifetime(&self, seconds: i64) {
        self.world.state().tokens.access_seconds = seconds;
    }

    /// How long new refresh tokens live, in seconds; thirty days by default.
    pub fn set_refresh_lifetime(&self, seconds: i64) {
        self.world.state().tokens.refresh_seconds = seconds;
    }

    /// Whether a refresh gives a new refresh token and ends the old one, as it does by default.
    /// Otherwise none comes back and the old one stays in use.
    pub fn rotate_refresh_tokens(&self, rotates: bool) {
        self.world.state().tokens.rotates = rotates;
    }

    /// Tokens of a user, who is named by phone number, e-mail address or uuid, as a finished sign-in
    /// gives them. Nothing if there is no such user.
    pub fn tokens_for(&self, user: &str) -> Option<session::Tokens> {
        let now = self.world.clock.now().timestamp();
        let mut state = self.world.state();
        let id = state.users.find(user)?;
        let uuid = state.users[id].uuid.clone();
        let (access, refresh) = state.tokens.start(&Owner::User(id), &uuid, now);
        Some(session::Tokens::new(access, Some(refresh.into())))
    }

    /// Expects this many calls of `refresh_token` from now on: a number or a range. As
    /// [`expect_calls`](Self::expect_calls).
    #[track_caller]
    pub fn expect_refreshes(&self, calls: impl Into<Calls>) {
        self.expect_calls("refresh_token", calls);
    }

    /// Whether a refresh with this token would be granted. It stays as it is.
    pub fn accepts_refresh_token(&self, token: &str) -> bool {
        let now = self.world.clock.now().timestamp();
        self.world.state().tokens.renewable(token, now).is_some()
    }

    /// Makes every refresh token invalid, as if the operator had signed everybody out.
    pub fn revoke_refresh_tokens(&self) {
        self.world.state().tokens.refresh.clear();
    }

    /// Makes every access token that was issued until now invalid; refresh tokens stay.
    pub fn revoke_access_tokens(&self) {
        self.world.state().tokens.access.clear();
    }

    /// Makes all tokens of one user invalid, who is named by phone number, e-mail address or uuid.
    /// False if there is no such user.
    pub fn sign_user_out(&self, user: &str) -> bool {
        let mut state = self.world.state();
        let found = state.users.find(user);
        found.inspect(|id| state.tokens.end_all(*id)).is_some()
    }
}
