#![doc = include_str!("guide.md")]

mod authorize;
mod context;
#[cfg(feature = "fynd")]
mod cookie_jar;
#[cfg(feature = "fynd")]
mod cookies;
mod credential;
mod custom_request;
mod entry;
mod in_flight_tasks;
mod record;
mod refresh;
#[cfg(feature = "testing")]
mod rejected;
#[cfg(any(feature = "wunder", feature = "fynd"))]
mod sign_out;
mod tokens;
mod write_back;

use std::sync::Arc;

pub(crate) use self::context::SessionContext;
#[cfg(feature = "fynd")]
pub(crate) use self::cookie_jar::{CookieJar, JarCredential};
pub(crate) use self::credential::Credential;
pub use self::custom_request::SessionRequest;
pub(crate) use self::entry::{Renew, SessionEntry};
#[cfg(any(feature = "wunder", feature = "fynd"))]
pub(crate) use self::sign_out::FinalCredential;
pub use self::tokens::Tokens;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{CallContext, CallOptions, Pipeline};
use crate::secret::Secret;

/// A signed-in user of one system. Cheap to clone; all clones share one credential.
#[derive(Clone, Debug)]
pub struct Session {
    entry: Arc<SessionEntry>,
    pipeline: Arc<Pipeline>,
    /// Headers of every call of this handle, such as for whom it acts.
    headers: Option<Arc<http::HeaderMap>>,
}

impl Session {
    pub(crate) fn new(entry: Arc<SessionEntry>, pipeline: Arc<Pipeline>) -> Self {
        Self {
            entry,
            pipeline,
            headers: None,
        }
    }

    /// The id under which the session is stored. Who knows it can use the session: it is a secret.
    pub fn id(&self) -> &Secret {
        self.entry.id()
    }

    #[cfg(feature = "goodcity")]
    pub(crate) fn login_hint(&self) -> Option<&str> {
        self.entry.login_hint()
    }

    /// Why the session has ended, if it has.
    pub fn ended(&self) -> Option<&'static str> {
        self.entry.ended()
    }

    /// An access token that is good for now; it is renewed first if it must be.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`] if the session has ended,
    /// [`ErrorKind::TryLater`] if it could not be renewed now,
    /// [`ErrorKind::InvalidInput`] for a session of cookies.
    pub async fn access_token(&self) -> Result<Secret, Error> {
        self.entry.access_token().await
    }

    /// A call beyond the described ones, down the same road: `path` is relative to the base URL
    /// with the client's settings (for Wunder `/front/rentals` below `…/v1/{tenant}`).
    ///
    /// GET and HEAD count as safe to repeat, anything else is sent once.
    pub fn request(&self, method: http::Method, path: impl Into<String>) -> SessionRequest {
        SessionRequest::new(
            self.call_context(CallOptions::default()),
            method,
            path.into(),
        )
    }

    /// The same session, with a header on all its calls.
    #[cfg(feature = "wunder")]
    pub(crate) fn with_header(&self, name: http::HeaderName, value: http::HeaderValue) -> Self {
        let mut session = self.clone();
        let headers = session.headers.get_or_insert_default();
        Arc::make_mut(headers).insert(name, value);
        session
    }

    /// A header that is on all its calls.
    #[cfg(feature = "wunder")]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.as_ref()?.get(name)?.to_str().ok()
    }

    pub(crate) fn call_context(&self, options: CallOptions) -> CallContext {
        let options = match &self.headers {
            Some(headers) => options.with_headers(headers),
            None => options,
        };
        CallContext::new(self.pipeline.clone())
            .with_credential(self.entry.clone())
            .with_options(options)
    }

    /// Ends the session here and in the store, and then tells the server, whoever drops the call.
    #[cfg(any(feature = "wunder", feature = "fynd"))]
    pub(crate) async fn sign_out<F>(
        self,
        tell: impl FnOnce(FinalCredential) -> F + Send + 'static,
    ) -> Result<(), Error>
    where
        F: Future<Output = Result<(), Error>> + Send,
    {
        const WHY: &str = "the user signed out";
        self.entry.mark_ended(WHY);
        let running = self.entry.count();
        let done = tokio::spawn(async move {
            let final_credential =
                FinalCredential::of(self.entry.clone(), self.pipeline.clone()).await;
            let closed = self.close(WHY).await;
            let told = tell(final_credential).await;
            drop(running);
            told.and(closed)
        });
        let interrupted = "signing out was interrupted";
        let interrupted = |_| Err(Error::new(ErrorKind::TryLater, interrupted));
        done.await.unwrap_or_else(interrupted)
    }

    pub(crate) async fn close(&self, why: &'static str) -> Result<(), Error> {
        self.entry.close(why).await
    }
}

/// The methods that the sessions of all systems have; the session keeps a `shared`.
///
/// Those fields that are named are clones of the client.
macro_rules! session_methods {
    ($($client:ident),*) => {
        pub(super) fn new(
            client: &super::client::Client,
            entry: ::std::sync::Arc<$crate::session::SessionEntry>,
        ) -> Self {
            Self {
                shared: $crate::session::Session::new(entry, client.pipeline.clone()),
                $($client: ::std::clone::Clone::clone(client),)*
            }
        }

        /// The id under which the session is stored: a secret.
        pub fn id(&self) -> &$crate::Secret {
            self.shared.id()
        }

        /// What all systems' sessions can do: why it ended, calls of the caller's own.
        pub fn shared(&self) -> &$crate::session::Session {
            &self.shared
        }

        /// A call beyond the described ones; see
        /// [`session::Session::request`](crate::session::Session::request).
        pub fn request(
            &self,
            method: ::http::Method,
            path: impl ::std::convert::Into<String>,
        ) -> $crate::session::SessionRequest {
            self.shared.request(method, path)
        }
    };
}

/// The methods that sessions of tokens have besides.
#[cfg(any(feature = "wunder", feature = "walletcrew", feature = "goodcity"))]
macro_rules! token_session_methods {
    ($($client:ident),*) => {
        $crate::session::session_methods!($($client),*);

        /// An access token that is good for now; see
        /// [`session::Session::access_token`](crate::session::Session::access_token).
        ///
        /// # Errors
        ///
        /// As there.
        pub async fn access_token(&self) -> Result<$crate::Secret, $crate::Error> {
            self.shared.access_token().await
        }

        /// A session of tokens that were got elsewhere. They are stored, not checked.
        ///
        /// # Errors
        ///
        /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `access` for a token
        /// that no header can carry, [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the
        /// store fails.
        pub async fn from_tokens(
            client: &super::client::Client,
            tokens: $crate::session::Tokens,
        ) -> Result<Self, $crate::Error> {
            client.sign_in(tokens.brought(client.context.system())?).await
        }
    };
}

pub(crate) use session_methods;
#[cfg(any(feature = "wunder", feature = "walletcrew", feature = "goodcity"))]
pub(crate) use token_session_methods;
