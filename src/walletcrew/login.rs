//! The exchange of login data for a token.

use chrono::TimeDelta;
use serde::Serialize;
use tokio::time::Instant;

use super::api::{Api, types};
use crate::error::{Error, System};
use crate::json::AnyJson;
use crate::opaque_debug::opaque_debug;
use crate::pipeline::CallContext;
use crate::session::Tokens;

/// The lifetime of a token without an `exp`.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// An identity provider and the login data that it expects.
#[derive(Clone)]
pub struct Login {
    provider: String,
    data: types::AuthenticationData,
}

opaque_debug!("walletcrew": Login);

impl Login {
    /// Creates a login from `provider`, its name at the tenant, and `data`, a type of the caller that
    /// holds what this provider expects; see [`Client::sign_in_with_provider`](super::Client::sign_in_with_provider).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] naming `provider` if it is empty, or `data` if it cannot be
    /// written as JSON.
    pub fn new(provider: impl Into<String>, data: &impl Serialize) -> Result<Self, Error> {
        let provider = provider.into();
        if provider.trim().is_empty() {
            let error = Error::invalid("provider", "must not be empty");
            return Err(error.of(System::WalletCrew));
        }
        let data = serde_json::to_value(data).map_err(|_| {
            Error::invalid("data", "must be serialisable as JSON").of(System::WalletCrew)
        })?;
        Ok(Self {
            provider,
            data: types::AuthenticationData(AnyJson(data)),
        })
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
        let sent_at = calls.pipeline().time.now() - call_took;
        let mut tokens = Tokens::new(token, None);
        tokens.expires_at = tokens.expires_at.or(Some(sent_at + TOKEN_LIFETIME));
        Ok(tokens)
    }
}
