//! The issued tokens of users and API clients.

use std::collections::HashMap;

use serde_json::json;

use super::users::UserId;
use super::{State, Wunder};
use crate::clock::Clock;
use crate::session;
use crate::testing::Calls;
use crate::testing::jwt::Issuer;

const FIVE_HOURS: i64 = 5 * 3600;
const THIRTY_DAYS: i64 = 30 * 24 * 3600;
const TEN_MINUTES: i64 = 600;

/// The owner of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    User(UserId),
    Client(String),
}

/// The owner and the session of a token.
#[derive(Clone)]
pub(super) struct TokenInfo {
    pub(super) owner: Owner,
    session: u64,
}

/// Issued tokens. Their expiry is one of their claims.
type IssuedTokens = HashMap<String, TokenInfo>;

pub(super) struct Tokens {
    access: IssuedTokens,
    refresh: IssuedTokens,
    provisional: IssuedTokens,
    issuer: Issuer,
    access_seconds: i64,
    refresh_seconds: i64,
    /// How many seconds the clock of the issuer is ahead of the server's.
    issuer_ahead: i64,
    rotates: bool,
    counter: u64,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            access: IssuedTokens::new(),
            refresh: IssuedTokens::new(),
            provisional: IssuedTokens::new(),
            issuer: Issuer::with_new_key("wunder mock"),
            access_seconds: FIVE_HOURS,
            refresh_seconds: THIRTY_DAYS,
            issuer_ahead: 0,
            rotates: true,
            counter: 0,
        }
    }
}

impl Tokens {
    /// Starts a session: issues an access token and a refresh token.
    pub(super) fn start(&mut self, owner: &Owner, subject: &str, now: i64) -> (String, String) {
        self.counter += 1;
        let info = TokenInfo {
            owner: owner.clone(),
            session: self.counter,
        };
        (
            self.issue_access(&info, subject, now),
            self.issue_refresh(&info, subject, now),
        )
    }

    /// Exchanges a refresh token for an access token and, with rotation, a new refresh token.
    pub(super) fn refresh(
        &mut self,
        presented: &str,
        subject: &str,
        now: i64,
    ) -> Option<(String, Option<String>)> {
        let info = self.refresh_info(presented, now)?;
        let access = self.issue_access(&info, subject, now);
        if !self.rotates {
            return Some((access, None));
        }
        self.refresh.remove(presented);
        let refresh = self.issue_refresh(&info, subject, now);
        Some((access, Some(refresh)))
    }

    /// The owner and session of a valid refresh token.
    pub(super) fn refresh_info(&self, presented: &str, now: i64) -> Option<TokenInfo> {
        self.find(&self.refresh, presented, now)
    }

    /// Issues the token of a user who has not passed the second factor yet.
    pub(super) fn start_provisional(&mut self, user: UserId, subject: &str, now: i64) -> String {
        self.counter += 1;
        let info = TokenInfo {
            owner: Owner::User(user),
            session: self.counter,
        };
        let token = self.jwt(subject, "mfa", now, TEN_MINUTES);
        self.provisional.insert(token.clone(), info);
        token
    }

    /// The owner of a valid access token.
    pub(super) fn signed_in(&self, bearer: &str, now: i64) -> Option<Owner> {
        Some(self.find(&self.access, bearer, now)?.owner)
    }

    /// The owner of a valid provisional token.
    pub(super) fn provisional(&self, bearer: &str, now: i64) -> Option<Owner> {
        Some(self.find(&self.provisional, bearer, now)?.owner)
    }

    /// Ends the session of a token that belongs to `owner`.
    pub(super) fn end_session(&mut self, owner: &Owner, token: &str) {
        let info = self.access.get(token).or_else(|| self.refresh.get(token));
        let own = info.filter(|info| info.owner == *owner);
        if let Some(session) = own.map(|info| info.session) {
            self.access.retain(|_, info| info.session != session);
            self.refresh.retain(|_, info| info.session != session);
        }
    }

    pub(super) fn revoke_all(&mut self) {
        for tokens in [&mut self.access, &mut self.refresh, &mut self.provisional] {
            tokens.clear();
        }
    }

    fn end_all(&mut self, user: UserId) {
        let owner = Owner::User(user);
        for tokens in [&mut self.access, &mut self.refresh, &mut self.provisional] {
            tokens.retain(|_, info| info.owner != owner);
        }
    }

    fn find(&self, known: &IssuedTokens, token: &str, now: i64) -> Option<TokenInfo> {
        self.issuer.verify(token, now + self.issuer_ahead)?;
        known.get(token).cloned()
    }

    fn issue_access(&mut self, info: &TokenInfo, subject: &str, now: i64) -> String {
        let token = self.jwt(subject, "access", now, self.access_seconds);
        self.access.insert(token.clone(), info.clone());
        token
    }

    fn issue_refresh(&mut self, info: &TokenInfo, subject: &str, now: i64) -> String {
        let token = self.jwt(subject, "refresh", now, self.refresh_seconds);
        self.refresh.insert(token.clone(), info.clone());
        token
    }

    /// Issues a token that this server itself does not accept.
    pub(super) fn openid(&mut self, subject: &str, now: i64) -> String {
        self.jwt(subject, "openid", now, TEN_MINUTES)
    }

    fn jwt(&mut self, subject: &str, kind: &str, now: i64, seconds: i64) -> String {
        self.counter += 1;
        self.issuer.issue(&json!({
            "sub": subject,
            "kind": kind,
            "jti": self.counter,
            "iat": now + self.issuer_ahead,
            "exp": now + self.issuer_ahead + seconds,
        }))
    }
}

impl State {
    /// The access token and the refresh token of a new sign-in of a user.
    pub(super) fn tokens_for(&mut self, user: &str, now: i64) -> Option<(String, String)> {
        let id = self.users.find(user)?;
        let uuid = self.users[id].uuid.clone();
        Some(self.tokens.start(&Owner::User(id), &uuid, now))
    }
}

impl Wunder {
    /// Sets the lifetime of new access tokens, in seconds; five hours by default.
    pub fn set_access_lifetime(&self, seconds: i64) {
        self.shared.state().tokens.access_seconds = seconds;
    }

    /// Sets the lifetime of new refresh tokens, in seconds; thirty days by default.
    pub fn set_refresh_lifetime(&self, seconds: i64) {
        self.shared.state().tokens.refresh_seconds = seconds;
    }

    /// Sets how many seconds the clock of the token service is ahead of the server's, behind it if the
    /// number is negative; 0 by default. The times of tokens are by that clock, which also tells whether
    /// they have expired.
    pub fn set_issuer_skew(&self, seconds: i64) {
        self.shared.state().tokens.issuer_ahead = seconds;
    }

    /// Whether a refresh returns a new refresh token and revokes the old one (the default). Otherwise
    /// it returns none and the old one stays valid.
    pub fn rotate_refresh_tokens(&self, rotates: bool) {
        self.shared.state().tokens.rotates = rotates;
    }

    /// The tokens of a new sign-in of a user; `None` if the user does not exist.
    pub fn tokens_for(&self, user: &str) -> Option<session::Tokens> {
        let now = self.shared.clock.now().timestamp();
        let (access, refresh) = self.shared.state().tokens_for(user, now)?;
        Some(session::Tokens::new(access, Some(refresh.into())))
    }

    /// Expects this number (or range) of further calls of `refresh_token`, as
    /// [`expect_calls`](Self::expect_calls) does.
    #[track_caller]
    pub fn expect_refreshes(&self, calls: impl Into<Calls>) {
        self.expect_calls("refresh_token", calls);
    }

    /// Whether a refresh with this token would succeed. Does not use it up.
    pub fn accepts_refresh_token(&self, token: &str) -> bool {
        let now = self.shared.clock.now().timestamp();
        self.shared
            .state()
            .tokens
            .refresh_info(token, now)
            .is_some()
    }

    /// Revokes all refresh tokens, as if the operator had signed all users out.
    pub fn revoke_refresh_tokens(&self) {
        self.shared.state().tokens.refresh.clear();
    }

    /// Revokes all issued access tokens, but no refresh tokens.
    pub fn revoke_access_tokens(&self) {
        self.shared.state().tokens.access.clear();
    }

    /// Revokes all tokens of a user. Returns false if the user does not exist.
    pub fn sign_user_out(&self, user: &str) -> bool {
        let mut state = self.shared.state();
        let found = state.users.find(user);
        found.inspect(|id| state.tokens.end_all(*id)).is_some()
    }
}
