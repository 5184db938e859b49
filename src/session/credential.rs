//! The credential of a session: tokens or cookies.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

#[cfg(feature = "fynd")]
use super::cookie_jar::CookieJar;
use crate::decode;
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::secret::{NO_STRAY_SPACE, Secret};
use crate::skewed_clock::SkewedClock;
use crate::store::Record;

/// How far the claim of when a token was issued may be from the server's time before the clock of its
/// issuer counts as another one: the time of a response, and rounded seconds.
const MAX_ISSUER_SKEW: TimeDelta = TimeDelta::seconds(5);

/// The credential of one session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Credential {
    Tokens(Tokens),
    #[cfg(feature = "fynd")]
    Cookies(CookieJar),
}

impl Credential {
    pub(super) fn tokens(&self) -> Option<&Tokens> {
        match self {
            Self::Tokens(tokens) => Some(tokens),
            #[cfg(feature = "fynd")]
            Self::Cookies(_) => None,
        }
    }

    /// When the access token expires, by the server's clock.
    pub(super) fn expires_at(&self, time: &SkewedClock) -> Option<DateTime<Utc>> {
        self.tokens()?.ends_at(time)
    }

    /// When the session ends unless the user signs in again, as far as the tokens tell.
    pub(super) fn session_expires_at(
        &self,
        is_refreshable: bool,
        time: &SkewedClock,
    ) -> Option<DateTime<Utc>> {
        let tokens = self.tokens()?;
        match &tokens.refresh {
            Some(refresh) if is_refreshable => Claims::of(refresh.expose()).expiry(),
            None if is_refreshable => None,
            _ => tokens.ends_at(time),
        }
    }

    /// Keeps the tokens in `record` instead of a copy, if a store in memory holds that.
    pub(super) fn share(&mut self, record: &Record) {
        match self {
            Self::Tokens(tokens) if record.is_shared() => {
                tokens.access.share(record);
                if let Some(refresh) = &mut tokens.refresh {
                    refresh.share(record);
                }
            }
            _ => {}
        }
    }

    /// The fingerprint of the refresh token.
    pub(super) fn fingerprint(&self) -> Option<TokenFingerprint> {
        self.tokens()?.fingerprint()
    }

    /// A text that an imported credential shares with no other: all tokens, or all cookies.
    pub(super) fn imported_text(&self) -> Result<Secret, Error> {
        let text = match self {
            Self::Tokens(tokens) => serde_json::to_string(&(&tokens.access, &tokens.refresh)),
            #[cfg(feature = "fynd")]
            Self::Cookies(jar) => {
                let mut cookies: Vec<_> = jar.values().collect();
                cookies.sort_by_key(|(name, value)| (*name, value.expose()));
                serde_json::to_string(&cookies)
            }
        };
        let unwritable = "the credential cannot be written";
        text.map(Secret::from)
            .map_err(|_| Error::new(ErrorKind::InvalidResponse, unwritable))
    }
}

/// An access token, its refresh token and its expiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tokens {
    /// The access token, which authorizes calls.
    pub access: Secret,
    /// The refresh token, which can be exchanged once for new tokens, if the system issues one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Secret>,
    /// When the access token expires; `None` if that is unknown, as for a token that is not a JWT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// When the access token expires by this machine's clock, where the clock that issued it differs
    /// from the server's: its life, counted from its receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_locally_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "TokenSource::is_unknown")]
    pub(crate) source: TokenSource,
}

/// Where the tokens of a session come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenSource {
    /// The application passed them to this crate, as by `resume_with_tokens`: no server has vouched for
    /// them to this crate.
    #[default]
    Imported,
    /// The server issued them for a sign-in by this crate.
    SignIn,
    /// The server issued them for a session of this crate: by a refresh, or by an authentication with new
    /// login data.
    Refresh,
}

impl TokenSource {
    // serde passes a reference.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn is_unknown(&self) -> bool {
        *self == Self::Imported
    }
}

impl Tokens {
    /// Creates tokens; the expiry is the `exp` claim of the access token if that is a JWT. An empty
    /// refresh token is none.
    pub fn new(access: impl Into<Secret>, refresh: Option<Secret>) -> Self {
        let access = access.into();
        let expires_at = Claims::of(access.expose()).expiry();
        Self {
            access,
            refresh: refresh.filter(|refresh| !refresh.is_empty()),
            expires_at,
            ends_locally_at: None,
            source: TokenSource::Imported,
        }
    }

    /// The tokens of a response that has just arrived. Where the access token was issued by a clock that
    /// is not the server's, its life counts from now.
    pub(crate) fn issued(
        access: impl Into<Secret>,
        refresh: Option<Secret>,
        time: &SkewedClock,
    ) -> Self {
        let mut tokens = Self::new(access, refresh);
        tokens.source = TokenSource::SignIn;
        let claims = Claims::of(tokens.access.expose());
        let (Some(end), now) = (tokens.expires_at, time.now()) else {
            return tokens;
        };
        match claims.issued_at() {
            // Such times say nothing.
            Some(start) if start > end => tokens.expires_at = None,
            Some(start) if (now - start).abs() > MAX_ISSUER_SKEW => {
                tokens.ends_locally_at = time.local_now().checked_add_signed(end - start);
            }
            Some(_) => {}
            // The server has just issued it, so it has not expired.
            None if end <= now => tokens.expires_at = None,
            None => {}
        }
        tokens
    }

    /// These tokens as an application passes them, which may have read them from anywhere.
    #[cfg(any(feature = "wunder", feature = "walletcrew", feature = "goodcity"))]
    pub(crate) fn imported(mut self) -> Self {
        self.refresh = self.refresh.filter(|refresh| !refresh.is_empty());
        self.ends_locally_at = None;
        self.source = TokenSource::Imported;
        self
    }

    /// These tokens as the successors of others, which stay as they are where the server issued the same
    /// access token again.
    pub(super) fn succeeding(mut self, former: &Self) -> Self {
        if self.access == former.access {
            self.expires_at = former.expires_at;
            self.ends_locally_at = former.ends_locally_at;
        }
        self.source = TokenSource::Refresh;
        self
    }

    /// When the access token expires, by the server's clock.
    pub(super) fn ends_at(&self, time: &SkewedClock) -> Option<DateTime<Utc>> {
        match self.ends_locally_at {
            Some(end) => Some(time.at(end)),
            None => self.expires_at,
        }
    }

    /// Adds the expiry that the server names beside a token that is no JWT. One that has passed is an
    /// unset value, or no date.
    #[cfg(feature = "wunder")]
    pub(crate) fn or_expire_at(mut self, named: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let named = named.filter(|named| *named > now);
        self.expires_at = self.expires_at.or(named);
        self
    }

    fn is_sendable(&self) -> bool {
        !self.access.is_empty() && HeaderValue::from_str(self.access.expose()).is_ok()
    }

    /// Checks tokens that the server issued: a session whose token fits into no header could
    /// neither call nor find out that it is not signed in.
    pub(super) fn check_issued(&self, system: System) -> Result<(), Error> {
        if self.is_sendable() {
            return Ok(());
        }
        let message = "the server issued a token that is invalid in a header";
        Err(Error::new(ErrorKind::InvalidResponse, message)
            .with_delivery(Delivery::Responded)
            .of(system))
    }

    /// Checks tokens that the caller passed.
    #[cfg(any(feature = "wunder", feature = "walletcrew", feature = "goodcity"))]
    pub(crate) fn check_input(&self, system: System) -> Result<(), Error> {
        let error = |field, right| Err(Error::invalid(field, right).of(system));
        if self.access.has_stray_space() {
            return error("access", NO_STRAY_SPACE);
        }
        if !self.is_sendable() {
            return error("access", "must not be empty, and must be valid in a header");
        }
        if self.refresh.as_ref().is_some_and(Secret::has_stray_space) {
            return error("refresh", NO_STRAY_SPACE);
        }
        Ok(())
    }

    /// The fingerprint of the refresh token.
    pub(super) fn fingerprint(&self) -> Option<TokenFingerprint> {
        self.refresh.as_ref().map(TokenFingerprint::of)
    }
}

/// A valid access token and its expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    pub(super) token: Secret,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

impl AccessToken {
    /// Returns the token.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// Returns the text of the token.
    pub fn expose(&self) -> &str {
        self.token.expose()
    }

    /// Returns when the token expires, by the server's clock; `None` if that is unknown.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }
}

impl From<AccessToken> for Secret {
    fn from(token: AccessToken) -> Self {
        token.token
    }
}

/// The times of a JWT, whose signature is not checked: they only tell when to refresh.
#[derive(Default, Deserialize)]
struct Claims {
    exp: Option<Value>,
    iat: Option<Value>,
}

impl Claims {
    fn of(token: &str) -> Self {
        unverified_claims(token).unwrap_or_default()
    }

    fn expiry(&self) -> Option<DateTime<Utc>> {
        time_of(self.exp.as_ref()?)
    }

    fn issued_at(&self) -> Option<DateTime<Utc>> {
        time_of(self.iat.as_ref()?)
    }
}

fn time_of(claim: &Value) -> Option<DateTime<Utc>> {
    let seconds = match claim {
        Value::Number(seconds) => seconds.as_f64(),
        Value::String(seconds) => seconds.trim().parse().ok(),
        _ => None,
    };
    // Beyond the range of chrono, a token counts as one that never expires.
    #[allow(clippy::cast_possible_truncation)]
    DateTime::from_timestamp(seconds? as i64, 0)
}

/// The claims of a JWT, whose signature is not checked; `None` if it is no JWT, or its claims do not fit
/// `T`.
pub(crate) fn unverified_claims<T: DeserializeOwned>(token: &str) -> Option<T> {
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    decode::read_any(&String::from_utf8_lossy(&payload))
}

/// The digest of a refresh token: it identifies the token and does not reveal it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TokenFingerprint(String);

impl TokenFingerprint {
    fn of(refresh: &Secret) -> Self {
        let digest = Sha256::new()
            .chain_update("vestibule presented ")
            .chain_update(refresh.expose())
            .finalize();
        Self(crate::hex::encode(&digest))
    }

    /// The first 64 bits, which tell the tokens of one session apart.
    pub(super) fn shortened(&self) -> u64 {
        let digits = self.0.get(..16).unwrap_or_default();
        u64::from_str_radix(digits, 16).unwrap_or_default()
    }
}
