//! Authentication with new login data of the caller before a token expires.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::api_error::{ApiError, ErrorReason};
use super::login::Login;
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind, System};
use crate::opaque_debug::opaque_debug;
use crate::pipeline::{CallContext, CallOptions, Pipeline};
use crate::secret::Secret;
use crate::session::{Refresher, TokenSource, Tokens, unverified_claims};

/// A token that is about to expire or has expired, for which the caller can supply new login data.
#[derive(Clone)]
pub struct EndingToken {
    session: Secret,
    token: Secret,
    source: TokenSource,
}

opaque_debug!("walletcrew": EndingToken);

impl EndingToken {
    /// The token.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// The id of the session, which tells whose session it is where the application has stored the id
    /// with the customer at the sign-in. It is a secret.
    pub fn session_id(&self) -> &Secret {
        &self.session
    }

    /// Where the token comes from: a sign-in by this crate, or an earlier authentication for such a
    /// session. There is no call for a token that the application has
    /// [imported](super::Client::resume_with_tokens).
    pub fn source(&self) -> TokenSource {
        self.source
    }

    /// The claims of the token, unverified, deserialised into `T`; `None` if it is not a JWT or its
    /// claims do not fit `T`. The server issued the token to this crate, which does not verify its
    /// signature. Do not choose the customer by a claim: [`session_id`](Self::session_id) tells it.
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
    async fn next_login(
        &self,
        session: &Secret,
        current: &Tokens,
        within: Duration,
    ) -> Result<Login, Error> {
        let token = EndingToken {
            session: session.clone(),
            token: current.access.clone(),
            source: current.source,
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
        session: &'a Secret,
        current: &'a Tokens,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, Error>> {
        Box::pin(async move {
            let login = self.next_login(session, current, within).await?;
            let options = CallOptions::new().deadline(within);
            let calls = CallContext::new(self.pipeline.clone()).with_options(options);
            let tokens = login.exchange(calls).await;
            tokens.map_err(|error| match error.kind() {
                // The next attempt would be for the same customer, and be rejected again.
                ErrorKind::Rejected if is_refusal(&error) => {
                    must_sign_in("the provider rejected the login data")
                }
                // A gateway's words are not the provider's, and other problems are not about the login.
                ErrorKind::Rejected => {
                    unavailable("the server could not be asked").with_source(error)
                }
                _ => error,
            })
        })
    }

    /// A token that no server has accepted is no proof of a customer: anyone may have made it.
    fn accepts(&self, tokens: &Tokens) -> bool {
        tokens.source != TokenSource::Imported
    }
}

/// Whether the provider refused the login data, by the only status that the description has for it.
fn is_refusal(error: &Error) -> bool {
    let api_error = error.api_error::<ApiError>();
    api_error.is_some_and(|it| it.reason() == ErrorReason::LoginData)
}

fn unavailable(message: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, message).of(System::WalletCrew)
}

fn must_sign_in(message: &'static str) -> Error {
    Error::new(ErrorKind::Unauthenticated, message).of(System::WalletCrew)
}
