//! Authenticating again, by the caller, before a token ends.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::api::types;
use super::sign_in;
use crate::clock::BoxFuture;
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::pipeline::{CallOptions, Pipeline};
use crate::secret::Secret;
use crate::session::{Refresher, Tokens};

/// A token that is about to end or has ended, for which the caller may authenticate again.
#[derive(Clone)]
pub struct EndingToken {
    token: Secret,
}

impl EndingToken {
    /// The token itself.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// What the token says about its customer, read as the caller's own type; none if it is not a
    /// JWT or does not fit. The signature is not checked: the token came from the server.
    pub fn claims<T: DeserializeOwned>(&self) -> Option<T> {
        let payload = self.token.expose().split('.').nth(1)?;
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}

impl fmt::Debug for EndingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("walletcrew::EndingToken")
    }
}

/// A provider and what it asks for.
#[derive(Clone)]
pub struct Login {
    provider: String,
    data: types::AuthenticationData,
}

impl Login {
    /// `provider` as the tenant names it, `data` as that provider asks for it; see
    /// [`Client::authenticate`](super::Client::authenticate).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an empty provider or data
    /// that cannot be written as JSON.
    pub fn new(provider: impl Into<String>, data: &impl Serialize) -> Result<Self, Error> {
        let provider = provider.into();
        let data = sign_in::check(&provider, sign_in::login_data(data))?;
        Ok(Self { provider, data })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("walletcrew::Login")
    }
}

/// What the caller does about a token that ends.
#[derive(Clone, Debug)]
pub enum NextLogin {
    /// Authenticate with this.
    With(Login),
    /// Nothing is to be had now. The token is used to its end; the caller is asked again.
    Later,
    /// Only the customer can do it. The token is used to its end, then the session ends.
    Never,
}

type Ask = dyn Fn(EndingToken) -> Pin<Box<dyn Future<Output = NextLogin> + Send>> + Send + Sync;

/// How a client gets the next login of a customer.
#[derive(Clone)]
pub(super) struct Reauthenticate(Arc<Ask>);

impl Reauthenticate {
    pub(super) fn by<F, L>(login: L) -> Self
    where
        L: Fn(EndingToken) -> F + Send + Sync + 'static,
        F: Future<Output = NextLogin> + Send + 'static,
    {
        Self(Arc::new(move |token| Box::pin(login(token))))
    }

    pub(super) fn on(&self, pipeline: &Arc<Pipeline>) -> Arc<dyn Refresher> {
        Arc::new(Reauthentication {
            pipeline: pipeline.clone(),
            login: self.clone(),
        })
    }
}

struct Reauthentication {
    pipeline: Arc<Pipeline>,
    login: Reauthenticate,
}

impl Reauthentication {
    async fn next_login(&self, current: &Tokens, within: Duration) -> Result<Login, Error> {
        let token = EndingToken {
            token: current.access.clone(),
        };
        match timeout(within, (self.login.0)(token)).await {
            Ok(NextLogin::With(login)) => Ok(login),
            Ok(NextLogin::Later) => Err(not_sent("there is no login data for now")),
            Ok(NextLogin::Never) => Err(must_sign_in("the customer must authenticate again")),
            Err(_) => Err(not_sent("the login data took too long")),
        }
    }
}

impl Refresher for Reauthentication {
    fn refresh<'a>(
        &'a self,
        current: &'a Tokens,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, Error>> {
        Box::pin(async move {
            let login = self.next_login(current, within).await?;
            let options = CallOptions::new().deadline(within);
            let answer =
                sign_in::exchange(&self.pipeline, options, login.provider, login.data).await;
            answer.map_err(|error| match error.kind() {
                // The next try would ask for the same customer, and be refused again.
                ErrorKind::Refused => must_sign_in("the provider refused the login data"),
                _ => error,
            })
        })
    }
}

fn not_sent(message: &'static str) -> Error {
    Error::new(ErrorKind::TryLater, message)
        .with_delivery(Delivery::NotSent)
        .of(System::WalletCrew)
}

fn must_sign_in(message: &'static str) -> Error {
    Error::new(ErrorKind::SignInAgain, message).of(System::WalletCrew)
}
