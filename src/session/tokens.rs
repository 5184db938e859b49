//! The tokens of a session and when they end.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::error::{Delivery, Error, ErrorKind, System};
use crate::secret::Secret;

/// An access token, the refresh token that came with it, and its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tokens {
    /// What calls are authorised with.
    pub access: Secret,
    /// What a new access token is bought with, once, where the system has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Secret>,
    /// When the access token ends; unknown for a token that is not a JWT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

impl Tokens {
    /// Tokens whose end is read from the `exp` of the access token, if it is a JWT.
    pub fn new(access: impl Into<Secret>, refresh: Option<Secret>) -> Self {
        let access = access.into();
        let expires_at = expiry(access.expose());
        Self {
            access,
            refresh,
            expires_at,
        }
    }

    fn is_sendable(&self) -> bool {
        !self.access.is_empty() && HeaderValue::from_str(self.access.expose()).is_ok()
    }

    /// Tokens of an answer of the server, if calls can carry them. Others are no tokens: a session
    /// of them could neither call nor learn that it is not signed in.
    pub(super) fn answered(self, system: System) -> Result<Self, Error> {
        if self.is_sendable() {
            return Ok(self);
        }
        let message = "the server issued a token that no header can carry";
        Err(Error::new(ErrorKind::Undecodable, message)
            .with_delivery(Delivery::Responded)
            .of(system))
    }

    /// Tokens that the caller has brought, if calls can carry them.
    #[cfg(any(feature = "wunder", feature = "walletcrew", feature = "goodcity"))]
    pub(crate) fn brought(self, system: System) -> Result<Self, Error> {
        if self.is_sendable() {
            return Ok(self);
        }
        let what = "must not be empty, and hold nothing that a header cannot carry";
        Err(Error::invalid("access", what).of(system))
    }
}

#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
}

/// The `exp` of a JWT. The signature is not checked: that is the server's business, the client
/// only wants to know when to renew.
fn expiry(token: &str) -> Option<DateTime<Utc>> {
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let seconds = claims.exp?;
    // Beyond what chrono can tell, a token never ends.
    #[allow(clippy::cast_possible_truncation)]
    DateTime::from_timestamp(seconds as i64, 0)
}
