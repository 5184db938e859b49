#![doc = include_str!("guide.md")]

mod authorize;
mod context;
#[cfg(feature = "fynd")]
mod cookie_date;
#[cfg(feature = "fynd")]
mod cookie_jar;
mod credential;
mod entry;
mod export;
mod handover;
mod import;
mod in_flight_tasks;
mod keyed_locks;
mod lineage;
mod outcomes;
mod record;
mod refresh;
mod registry;
mod rejection;
#[cfg(feature = "fynd")]
mod set_cookie;
#[cfg(any(feature = "wunder", feature = "fynd"))]
mod sign_out;
mod state;
mod tries;
mod write_back;

use std::sync::Arc;

pub(crate) use self::context::SessionContext;
#[cfg(feature = "fynd")]
pub(crate) use self::cookie_jar::{CookieJar, JarCredential};
pub(crate) use self::credential::Credential;
#[cfg(feature = "walletcrew")]
pub(crate) use self::credential::unverified_claims;
pub use self::credential::{AccessToken, TokenSource, Tokens};
pub(crate) use self::entry::{Refresher, SessionEntry};
pub(crate) use self::handover::{Caller, SignOut, discard, impl_sign_out, run_exchange};
pub(crate) use self::record::UserHints;
pub(crate) use self::registry::SessionRegistry;
#[cfg(any(feature = "wunder", feature = "fynd"))]
pub(crate) use self::sign_out::{FinalCredential, SignOutOrder};
pub(crate) use self::tries::Tries;
pub use crate::end_reason::EndReason;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{CallContext, CallOptions, CustomRequest, Deadline};
use crate::secret::Secret;

/// A signed-in user of one system. Cheap to clone; all clones share one credential.
#[derive(Clone, Debug)]
pub struct Session {
    entry: Arc<SessionEntry>,
    calls: CallContext,
}

impl Session {
    /// A session whose calls have the options of `calls`.
    pub(crate) fn new(entry: Arc<SessionEntry>, calls: &CallContext) -> Self {
        let calls = calls.without_session().with_credential(entry.clone());
        Self { entry, calls }
    }

    /// Returns the same session with options for all of its calls; they win over those that are set
    /// already. The options belong to the returned handle only.
    pub fn with_options(&self, options: CallOptions) -> Self {
        Self {
            entry: self.entry.clone(),
            calls: self.calls.clone().with_options(options),
        }
    }

    /// Returns the id under which the session is stored. It is a secret: with it the session can be
    /// used.
    pub fn id(&self) -> &Secret {
        self.entry.id()
    }

    /// The context of calls without the credential and the headers of this session.
    #[cfg(any(feature = "wunder", feature = "goodcity", feature = "fynd"))]
    pub(crate) fn client_calls(&self) -> CallContext {
        self.calls.without_session()
    }

    #[cfg(feature = "goodcity")]
    pub(crate) fn login_hint(&self) -> Option<String> {
        self.entry.login_hint()
    }

    #[cfg(feature = "goodcity")]
    pub(crate) fn language(&self) -> Option<String> {
        self.entry.language()
    }

    #[cfg(feature = "goodcity")]
    pub(crate) async fn keep_language(&self, language: &str) {
        self.entry.keep_language(language).await;
    }

    /// Returns why the session has ended, or `None` if it has not.
    pub fn ended(&self) -> Option<EndReason> {
        self.entry.ended()
    }

    /// Returns when the session ends unless the user signs in again, by the server's clock: the
    /// expiry of the refresh token or, without refresh, of the access token. `None` if the system
    /// does not tell, as for cookies and for tokens that are no JWT.
    pub fn expires_at(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        self.entry.expires_at()
    }

    /// Returns the claims of the access token, whose signature is not checked; `None` if it is no JWT.
    #[cfg(feature = "walletcrew")]
    pub(crate) fn claims(&self) -> Option<crate::JsonObject> {
        self.entry.claims()
    }

    /// Returns a valid access token with its expiry; refreshes it first if it is stale, within the
    /// deadline of the options.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if the session has ended,
    /// [`ErrorKind::Unavailable`] if it could not be refreshed,
    /// [`ErrorKind::Unsupported`] for a session of cookies.
    pub async fn access_token(&self) -> Result<AccessToken, Error> {
        let deadline = Deadline::after(self.calls.deadline());
        self.entry.access_token_within(deadline).await
    }

    /// Ends the session here and returns its tokens, to be used without this crate. It sends nothing: the
    /// session at the server goes on with these tokens.
    ///
    /// No other instance refreshes the session meanwhile, so that the tokens are the newest. Afterwards
    /// calls with this session fail, on this instance at once and on others at their next revalidation:
    /// a refresh token that two programs use is soon spent for one of them. The record is removed in the
    /// background; `shutdown` of the client waits for it.
    ///
    /// Returns within the deadline of the options. A future that is dropped ends nothing.
    ///
    /// ```
    /// # #[cfg(feature = "goodcity")]
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url()).app_name("app").build()?;
    /// use vestibule::session::{EndReason, Tokens};
    ///
    /// let session = client.resume_with_tokens(Tokens::new("a token", None)).await?;
    /// let elsewhere = session.shared().clone();
    /// let tokens = session.export_tokens().await?;
    /// assert_eq!(tokens.access.expose(), "a token");
    /// assert_eq!(elsewhere.ended(), Some(EndReason::Exported));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "goodcity"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if the session has ended,
    /// [`ErrorKind::Unavailable`] if the store fails or another instance was still refreshing the
    /// session, [`ErrorKind::Unsupported`] for a session of cookies. The session goes on with the last
    /// two.
    pub async fn export_tokens(self) -> Result<Tokens, Error> {
        if self.entry.lock().credential.tokens().is_none() {
            let message = "a session of cookies has no tokens";
            return Err(self.entry.error(ErrorKind::Unsupported, message));
        }
        match self.export().await? {
            Credential::Tokens(tokens) => Ok(tokens),
            #[cfg(feature = "fynd")]
            Credential::Cookies(_) => {
                let message = "the session has no tokens";
                Err(self.entry.error(ErrorKind::Unsupported, message))
            }
        }
    }

    /// Ends the session here and returns its newest credential.
    pub(crate) async fn export(&self) -> Result<Credential, Error> {
        self.calls.check_options()?;
        let deadline = Deadline::after(self.calls.deadline());
        self.entry.export(deadline).await
    }

    /// Creates a custom request with the credential of this session. `path` is relative to the base
    /// URL with the client's settings (for Wunder `/front/rentals` below `…/v1/{tenant}`).
    pub fn request(&self, method: http::Method, path: impl Into<String>) -> CustomRequest {
        CustomRequest::new(self.calls.clone(), method, path.into())
    }

    /// The same session with a header on all its calls that options cannot set.
    #[cfg(feature = "wunder")]
    pub(crate) fn with_header(&self, name: http::HeaderName, value: http::HeaderValue) -> Self {
        Self {
            entry: self.entry.clone(),
            calls: self.calls.clone().with_header(name, value),
        }
    }

    /// The header that was added by `with_header`.
    #[cfg(feature = "wunder")]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.calls.header(name)
    }

    pub(crate) fn calls(&self) -> CallContext {
        self.calls.clone()
    }

    /// Checks the options, ends the session here and in the store, and tells the server, in this order.
    /// A session that has ended, here or at the server, is signed out. The task continues if the caller
    /// drops the future.
    #[cfg(any(feature = "wunder", feature = "fynd"))]
    pub(crate) async fn sign_out<F>(
        self,
        order: SignOutOrder,
        tell: impl FnOnce(FinalCredential) -> F + Send + 'static,
    ) -> Result<(), Error>
    where
        F: Future<Output = Result<(), Error>> + Send,
    {
        self.calls.check_options()?;
        if self.ended().is_some() {
            return Ok(());
        }
        let calls = self.calls.without_session().without_idempotent();
        let ends_first = order == SignOutOrder::EndFirst;
        if ends_first {
            self.entry.mark_ended(EndReason::SignedOut);
        }
        let guard = self.entry.context.track();
        let done = tokio::spawn(async move {
            let final_credential = FinalCredential::of(self.entry.clone(), calls).await;
            let mut closed = Ok(());
            if ends_first {
                closed = self.close(EndReason::SignedOut).await;
                if closed.is_err() {
                    final_credential.do_not_refresh();
                }
            }
            let told = match tell(final_credential).await {
                Err(error) if error.session_ended() => Ok(()),
                told => told,
            };
            if !ends_first && !told.as_ref().is_err_and(Error::is_denial) {
                closed = self.close(EndReason::SignedOut).await;
            }
            drop(guard);
            told.and(closed)
        });
        let message = "signing out was interrupted";
        let interrupted = |_| Err(Error::new(ErrorKind::Unavailable, message));
        done.await.unwrap_or_else(interrupted)
    }

    pub(crate) async fn close(&self, reason: EndReason) -> Result<(), Error> {
        self.entry.close(reason).await
    }
}

/// The methods of the sessions of all systems. The session type has a field `shared` and, if it is named,
/// one with the parts of its client.
macro_rules! session_methods {
    ($($parts:ident)?) => {
        pub(super) fn new(
            client: &super::client::Client,
            entry: ::std::sync::Arc<$crate::session::SessionEntry>,
        ) -> Self {
            Self {
                shared: $crate::session::Session::new(entry, &client.calls),
                $($parts: ::std::sync::Arc::clone(&client.$parts),)?
            }
        }

        /// Returns the same session with options for all of its flows and calls; they win over
        /// those that are set already. The options belong to the returned handle only.
        pub fn with_options(&self, options: $crate::CallOptions) -> Self {
            Self {
                $($parts: ::std::sync::Arc::clone(&self.$parts),)?
                shared: self.shared.with_options(options),
            }
        }

        $(
            /// The client, with the options of this handle.
            pub(super) fn client(&self) -> super::client::Client {
                super::client::Client {
                    calls: self.shared.client_calls(),
                    $parts: ::std::sync::Arc::clone(&self.$parts),
                }
            }
        )?

        /// Returns the id under which the session is stored. It is a secret.
        pub fn id(&self) -> &$crate::Secret {
            self.shared.id()
        }

        /// Returns when the session ends unless the user signs in again; see
        /// [`session::Session::expires_at`](crate::session::Session::expires_at).
        pub fn expires_at(&self) -> Option<::chrono::DateTime<::chrono::Utc>> {
            self.shared.expires_at()
        }

        /// Returns the session as all systems have it: why it ended, custom requests.
        pub fn shared(&self) -> &$crate::session::Session {
            &self.shared
        }

        /// Creates a custom request; see
        /// [`session::Session::request`](crate::session::Session::request).
        pub fn request(
            &self,
            method: ::http::Method,
            path: impl ::std::convert::Into<String>,
        ) -> $crate::CustomRequest {
            self.shared.request(method, path)
        }
    };
}

/// The methods of sessions whose credential is tokens.
#[cfg(any(feature = "wunder", feature = "walletcrew", feature = "goodcity"))]
macro_rules! token_session_methods {
    ($($parts:ident)?) => {
        $crate::session::session_methods!($($parts)?);

        /// Returns a valid access token with its expiry; see
        /// [`session::Session::access_token`](crate::session::Session::access_token).
        ///
        /// # Errors
        ///
        /// See there.
        pub async fn access_token(&self) -> Result<$crate::session::AccessToken, $crate::Error> {
            self.shared.access_token().await
        }

        /// Ends the session here and returns its tokens, to be used without this crate; see
        /// [`session::Session::export_tokens`](crate::session::Session::export_tokens).
        ///
        /// # Errors
        ///
        /// See there.
        pub async fn export_tokens(self) -> Result<$crate::session::Tokens, $crate::Error> {
            self.shared.export_tokens().await
        }
    };
}

/// The methods of the clients of all systems, which have the fields `calls` and `parts`.
macro_rules! client_methods {
    () => {
        /// Returns the same client with options for all of its flows and calls, and for the sessions
        /// that it creates and resumes; they win over those that are set already. The options belong
        /// to the returned handle and to what comes from it.
        pub fn with_options(&self, options: $crate::CallOptions) -> Self {
            Self {
                calls: self.calls.clone().with_options(options),
                ..::std::clone::Clone::clone(self)
            }
        }

        pub(crate) fn context(&self) -> &::std::sync::Arc<$crate::session::SessionContext> {
            &self.parts.context
        }

        /// Creates a custom request without a session. `path` is relative to the base URL with the
        /// client's settings.
        pub fn request(
            &self,
            method: ::http::Method,
            path: impl ::std::convert::Into<String>,
        ) -> $crate::CustomRequest {
            $crate::CustomRequest::new(self.calls.clone(), method, path.into())
        }
    };
}

/// The methods of clients whose sessions have tokens.
#[cfg(any(feature = "wunder", feature = "walletcrew", feature = "goodcity"))]
macro_rules! token_client_methods {
    () => {
        /// Creates a session of existing tokens, such as those of another client. They are stored
        /// and not checked with the server.
        ///
        /// # Errors
        ///
        /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `access` for a token
        /// that is invalid in a header, or naming `access` or `refresh` for one with a line break or
        /// a space at either end; [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the
        /// store fails.
        pub async fn resume_with_tokens(
            &self,
            tokens: $crate::session::Tokens,
        ) -> Result<Session, $crate::Error> {
            tokens.check_input(self.context().system())?;
            self.sign_in(tokens.imported()).await
        }

        /// Creates a session of existing tokens once: instances that import the same tokens under the
        /// same key get one session, whose tokens one of them refreshes at a time. They are stored and
        /// not checked with the server.
        ///
        /// `import_key` is a name of the tokens that all importers know, such as the id of the session
        /// that they come from; a key is for one pair of tokens. It only removes duplicates and resumes
        /// nothing: the session is returned to a caller that has the tokens that were first imported
        /// under the key, which are compared by their digests in constant time. The store has a keyed
        /// digest of it ([`IndexKey`](crate::store::IndexKey)), and neither the tokens nor the id of the
        /// session beside it.
        ///
        /// The key is remembered for
        /// [`Settings::session_idle_timeout`](crate::Settings::session_idle_timeout) after the last
        /// import, also if the session has ended meanwhile: the tokens of a session that was signed out
        /// make no other one.
        ///
        /// # Errors
        ///
        /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `import_key` if it is empty
        /// or other tokens were imported under it, or naming `access` or `refresh` as
        /// [`resume_with_tokens`](Self::resume_with_tokens) does;
        /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has ended;
        /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails: the same import
        /// may be tried again.
        pub async fn resume_with_tokens_once(
            &self,
            import_key: impl ::std::convert::Into<$crate::Secret>,
            tokens: $crate::session::Tokens,
        ) -> Result<Session, $crate::Error> {
            tokens.check_input(self.context().system())?;
            let credential = $crate::session::Credential::Tokens(tokens.imported());
            let import_key = import_key.into();
            let import = self.parts.sessions.import(&import_key, credential);
            Ok(Session::new(self, import.await?))
        }
    };
}

pub(crate) use {client_methods, session_methods};
#[cfg(any(feature = "wunder", feature = "walletcrew", feature = "goodcity"))]
pub(crate) use {token_client_methods, token_session_methods};
