//! Exchanging a provider's login data for a session.

use std::sync::Arc;

use chrono::TimeDelta;
use serde::Serialize;
use tokio::time::Instant;

use super::api::{Api, types};
use super::client::Client;
use super::session::Session;
use crate::error::{Error, ErrorKind, System};
use crate::json::AnyJson;
use crate::pipeline::{CallContext, CallOptions, Pipeline};
use crate::session::Tokens;

/// How long a token lives that does not say so itself.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// The caller's own type as it is sent.
pub(super) fn login_data(data: &impl Serialize) -> Result<types::AuthenticationData, Error> {
    serde_json::to_value(data)
        .map(|value| types::AuthenticationData(AnyJson(value)))
        .map_err(|_| Error::invalid("data", "cannot be written as JSON").of(System::WalletCrew))
}

/// What can be told wrong before anything is sent.
pub(super) fn check(
    provider: &str,
    data: Result<types::AuthenticationData, Error>,
) -> Result<types::AuthenticationData, Error> {
    if provider.trim().is_empty() {
        let error = Error::invalid("provider", "must not be empty");
        return Err(error.of(System::WalletCrew));
    }
    data
}

pub(super) async fn authenticate(
    client: &Client,
    provider: String,
    data: types::AuthenticationData,
) -> Result<Session, Error> {
    let options = CallOptions::default();
    let tokens = exchange(&client.pipeline, options, provider, data).await?;
    client.sign_in(tokens).await
}

/// The token for login data.
pub(super) async fn exchange(
    pipeline: &Arc<Pipeline>,
    options: CallOptions,
    provider: String,
    data: types::AuthenticationData,
) -> Result<Tokens, Error> {
    let api = Api::new(CallContext::new(pipeline.clone()).with_options(options));
    let call = api.authenticate().provider(provider).body(data);
    let asked = Instant::now();
    let token = call.send().await?.into_inner().0;
    // Counted from before the call, so that the session never outlives the token, and by the
    // server's time, which the answer may have corrected.
    let call_took = TimeDelta::from_std(asked.elapsed()).unwrap_or_default();
    let asked_at = pipeline.time.now() - call_took;
    if token.is_empty() {
        let message = "the sign-in brought no token";
        return Err(Error::new(ErrorKind::Undecodable, message)
            .with_status(http::StatusCode::OK)
            .at(System::WalletCrew, "authenticate"));
    }
    let mut tokens = Tokens::new(token, None);
    tokens.expires_at = tokens.expires_at.or(Some(asked_at + TOKEN_LIFETIME));
    Ok(tokens)
}
