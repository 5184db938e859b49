//! The credential of a session: tokens or cookies.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
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

    pub(super) fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.tokens()?.expires_at
    }

    /// When the session ends unless the user signs in again, as far as the tokens tell.
    pub(super) fn session_expires_at(&self, is_refreshable: bool) -> Option<DateTime<Utc>> {
        let tokens = self.tokens()?;
        match &tokens.refresh {
            Some(refresh) if is_refreshable => expiry(refresh.expose()),
            None if is_refreshable => None,
            _ => tokens.expires_at,
        }
    }

    /// The fingerprint of the refresh token.
    pub(super) fn fingerprint(&self) -> Option<TokenFingerprint> {
        self.tokens()?.fingerprint()
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
}

impl Tokens {
    /// Creates tokens; the expiry is the `exp` claim of the access token if that is a JWT.
    pub fn new(access: impl Into<Secret>, refresh: Option<Secret>) -> Self {
        let access = access.into();
        let expires_at = expiry(access.expose());
        Self {
            access,
            refresh,
            expires_at,
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

#[derive(Deserialize)]
struct Claims {
    exp: Option<Value>,
}

/// The `exp` claim of a JWT. The signature is not checked: the claim only tells when to refresh.
fn expiry(token: &str) -> Option<DateTime<Utc>> {
    let Claims { exp } = unverified_claims(token)?;
    let seconds = match exp? {
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
