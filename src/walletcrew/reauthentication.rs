//! Authentication with new login data of the caller before a token expires.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::login::Login;
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind, System};
use crate::opaque_debug::opaque_debug;
use crate::pipeline::{CallContext, CallOptions, Pipeline};
use crate::secret::Secret;
use crate::session::{Refresher, Tokens, unverified_claims};

/// A token that is about to expire or has expired, for which the caller can supply new login data.
#[derive(Clone)]
pub struct EndingToken {
    token: Secret,
}

opaque_debug!("walletcrew": EndingToken);

impl EndingToken {
    /// The token.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// The claims of the token, unverified, deserialised into `T`; `None` if it is not a JWT or its
    /// claims do not fit `T`. The signature is not verified, because the server issued the token to this
    /// client.
    pub fn claims<T: DeserializeOwned>(&self) -> Option<T> {
        unverified_claims(self.token.expose())
    }
}

/// The reply of the caller for a token that is about to expire.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum NextLogin {
    /// Authenticate with this login.
    With(Login),
    /// No login data is available now. The token is used until it expires, and the caller is asked
    /// again.
    Later,
    /// Only the customer can authenticate. The token is used until it expires, then the session
    /// ends.
    Never,
}

type Ask = dyn Fn(EndingToken) -> Pin<Box<dyn Future<Output = NextLogin> + Send>> + Send + Sync;

/// The callback that supplies the next login of a customer.
#[derive(Clone)]
pub(super) struct Reauthenticate(Arc<Ask>);

impl Reauthenticate {
    pub(super) fn new<F, L>(login: L) -> Self
    where
        L: Fn(EndingToken) -> F + Send + Sync + 'static,
        F: Future<Output = NextLogin> + Send + 'static,
    {
        Self(Arc::new(move |token| Box::pin(login(token))))
    }

    pub(super) fn refresher(&self, pipeline: &Arc<Pipeline>) -> Arc<dyn Refresher> {
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
            Ok(NextLogin::Later) => Err(unavailable("no login data is available now")),
            Ok(NextLogin::Never) => Err(must_sign_in("the customer must authenticate again")),
            Err(_) => Err(unavailable("the login data was not supplied in time")),
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
            let calls = CallContext::new(self.pipeline.clone()).with_options(options);
            let tokens = login.exchange(calls).await;
            tokens.map_err(|error| match error.kind() {
                // The next attempt would be for the same customer, and be rejected again.
                ErrorKind::Rejected => must_sign_in("the provider rejected the login data"),
                _ => error,
            })
        })
    }
}

fn unavailable(message: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, message).of(System::WalletCrew)
}

fn must_sign_in(message: &'static str) -> Error {
    Error::new(ErrorKind::Unauthenticated, message).of(System::WalletCrew)
}
