//! The exchange of login data for a token.

use chrono::TimeDelta;
use serde::Serialize;
use tokio::time::Instant;

use super::api::{Api, types};
use crate::error::{Error, System};
use crate::json::AnyJson;
use crate::opaque_debug::opaque_debug;
use crate::pipeline::CallContext;
use crate::secret::Secret;
use crate::session::Tokens;

/// The lifetime of a token without an `exp`.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// What a customer signs in with: an identity provider and the login data that it expects, each of
/// which may be left out.
#[derive(Clone)]
pub struct Login {
    provider: Option<String>,
    data: Option<types::AuthenticationData>,
}

opaque_debug!("walletcrew": Login);

impl Login {
    /// Creates a login from `provider`, its name at the tenant, and `data`, a type of the caller that
    /// holds what this provider expects; see [`Client::sign_in_with_provider`](super::Client::sign_in_with_provider).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `provider` if it is empty, or `data` if it cannot be
    /// written as JSON.
    pub fn new(provider: impl Into<String>, data: &impl Serialize) -> Result<Self, Error> {
        Ok(Self {
            provider: Some(checked(provider.into())?),
            data: Some(authentication_data(data)?),
        })
    }

    /// Creates a login from a provider that needs no data. The request has no body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `provider` if it is empty.
    pub fn provider_only(provider: impl Into<String>) -> Result<Self, Error> {
        Ok(Self {
            provider: Some(checked(provider.into())?),
            data: None,
        })
    }

    /// Creates a login from data whose provider the server determines. The request names no provider.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `data` if it cannot be written as JSON.
    pub fn data_only(data: &impl Serialize) -> Result<Self, Error> {
        Ok(Self {
            provider: None,
            data: Some(authentication_data(data)?),
        })
    }

    /// Creates a login without provider and data, for a server that recognises the customer by
    /// something else, such as a header that [`CallOptions::header`](crate::CallOptions::header) adds.
    pub fn empty() -> Self {
        Self {
            provider: None,
            data: None,
        }
    }

    /// Exchanges the login data for a token. Never retried.
    pub(super) async fn exchange(self, calls: CallContext) -> Result<Tokens, Error> {
        let api = Api::new(calls.clone());
        let call = api.authenticate().provider(self.provider).body(self.data);
        let sent = Instant::now();
        let token = call.send().await?.into_inner().0;
        // Counted from before the call, so that the session never outlives the token, and by the
        // server's time, which the response may have corrected.
        let call_took = TimeDelta::from_std(sent.elapsed()).unwrap_or_default();
        let time = &calls.pipeline().time;
        let sent_at = time.now() - call_took;
        let mut tokens = Tokens::issued(token, None, time);
        tokens.expires_at = tokens.expires_at.or(Some(sent_at + TOKEN_LIFETIME));
        Ok(tokens)
    }
}

impl Login {
    /// The login as one text, by which it is recognised.
    pub(super) fn to_secret(&self) -> Result<Secret, Error> {
        let text = serde_json::to_string(&(&self.provider, &self.data));
        text.map(Secret::from).map_err(|_| not_json())
    }
}

fn not_json() -> Error {
    Error::invalid("data", "must be serialisable as JSON").of(System::WalletCrew)
}

fn checked(provider: String) -> Result<String, Error> {
    if provider.trim().is_empty() {
        let error = Error::invalid("provider", "must not be empty");
        return Err(error.of(System::WalletCrew));
    }
    Ok(provider)
}

fn authentication_data(data: &impl Serialize) -> Result<types::AuthenticationData, Error> {
    let data = serde_json::to_value(data).map_err(|_| not_json())?;
    Ok(types::AuthenticationData(AnyJson(data)))
}
