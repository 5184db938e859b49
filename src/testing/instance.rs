//! The session layer of one instance with a custom token server, for simulations.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::clock::{BoxFuture, Clock, SharedClock};
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::pipeline::Settings;
use crate::secret::Secret;
use crate::session::{
    Credential, EndReason, Refresher, SessionContext, SessionEntry, SessionRegistry, Tokens,
    UserHints,
};
use crate::skewed_clock::SkewedClock;
use crate::store::SessionStore;
use crate::telemetry::Telemetry;

const SYSTEM: System = System::Wunder;

/// A token server as seen by one instance.
pub trait TokenServer: Send + Sync + 'static {
    /// Exchanges a refresh token for new tokens, within a time limit.
    ///
    /// # Errors
    ///
    /// Why the exchange failed.
    fn exchange<'a>(
        &'a self,
        refresh: &'a Secret,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, TokenFault>>;
}

/// Why a token exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// The server rejected the refresh token for good.
    Rejected,
    /// The server responded with a server error.
    Failed,
    /// The request did not reach the server.
    NotSent,
    /// No response arrived: the server may have used up the refresh token.
    NoResponse,
}

impl TokenFault {
    fn into_error(self) -> Error {
        let error = match self {
            Self::Rejected => Error::new(
                ErrorKind::Unauthenticated,
                "the server rejected the refresh token",
            )
            .with_status(StatusCode::UNAUTHORIZED),
            Self::Failed => Error::new(ErrorKind::Unavailable, "the token server failed")
                .with_status(StatusCode::SERVICE_UNAVAILABLE),
            Self::NotSent => Error::new(ErrorKind::Unavailable, "could not reach the token server"),
            Self::NoResponse => {
                Error::new(ErrorKind::Unavailable, "the token server did not respond")
                    .with_delivery(Delivery::Unknown)
            }
        };
        error.of(SYSTEM)
    }
}

/// One instance of a back end, for simulations: the session layer of the clients over a custom
/// [`TokenServer`], without a network.
///
/// Instances that use the same store share their sessions. With tokio's paused time and a [`Clock`]
/// that follows it, a simulation of months takes moments.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use vestibule::session::Tokens;
/// use vestibule::store::MemoryStore;
/// use vestibule::testing::{Instance, TestClock, TokenFault, TokenServer};
/// use vestibule::{BoxFuture, Secret, Settings};
///
/// struct RejectsAll;
///
/// impl TokenServer for RejectsAll {
///     fn exchange<'a>(
///         &'a self,
///         _: &'a Secret,
///         _: Duration,
///     ) -> BoxFuture<'a, Result<Tokens, TokenFault>> {
///         Box::pin(async { Err(TokenFault::Rejected) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), vestibule::Error> {
/// let store = Arc::new(MemoryStore::new());
/// let clock = TestClock::new();
/// let instance = || Instance::new(RejectsAll, store.clone(), clock.clone(), Settings::default());
/// let (first, second) = (instance(), instance());
/// let session = first.sign_in(Tokens::new("access", Some("refresh".into()))).await?;
/// let same = second.resume_session(session.id()).await?;
/// assert_eq!(same.access_token().await?.expose(), "access");
/// assert!(same.replace_rejected(&"access".into()).await.is_err());
/// assert!(same.ended().is_some());
/// # Ok(())
/// # }
/// ```
pub struct Instance {
    context: Arc<SessionContext>,
    sessions: Arc<SessionRegistry>,
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instance")
    }
}

impl Instance {
    /// Creates an instance with its own clock that uses this server and this store.
    pub fn new(
        server: impl TokenServer,
        store: Arc<dyn SessionStore>,
        clock: impl Clock,
        settings: Settings,
    ) -> Self {
        let clock = SkewedClock::new(SharedClock::new(clock), settings.max_clock_correction);
        let audience = "simulation".to_owned();
        let telemetry = Telemetry::default();
        let context =
            SessionContext::new(SYSTEM, audience, store, clock, telemetry, settings, None);
        context.set_refresher(Arc::new(TokenServerAdapter(server)));
        Self {
            sessions: SessionRegistry::new(context.clone()),
            context,
        }
    }

    /// Creates a session with the tokens of a sign-in.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if no random session id could be generated.
    pub async fn sign_in(&self, tokens: Tokens) -> Result<InstanceSession, Error> {
        let credential = Credential::Tokens(tokens);
        let create = self.sessions.create(credential, UserHints::default());
        create.await.map(InstanceSession)
    }

    /// Creates a session with these tokens once, as `resume_with_tokens_once` of a client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if other tokens were imported under the key,
    /// [`ErrorKind::Unauthenticated`] if the session has ended,
    /// [`ErrorKind::Unavailable`] if the store fails.
    pub async fn resume_with_tokens_once(
        &self,
        import_key: &Secret,
        tokens: Tokens,
    ) -> Result<InstanceSession, Error> {
        let credential = Credential::Tokens(tokens);
        let import = self.sessions.import(import_key, credential);
        import.await.map(InstanceSession)
    }

    /// Resumes a session that this or another instance has stored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if the session does not exist,
    /// [`ErrorKind::Unavailable`] if the store fails.
    pub async fn resume_session(&self, id: &Secret) -> Result<InstanceSession, Error> {
        let entry = self.sessions.resume(id).await;
        entry.map(InstanceSession)
    }

    /// Waits until token exchanges in progress have finished and their tokens are saved.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if an exchange did not finish before the deadline.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.context.shutdown(deadline).await
    }
}

/// A session of an [`Instance`].
#[derive(Clone, Debug)]
pub struct InstanceSession(Arc<SessionEntry>);

impl InstanceSession {
    /// The id under which the session is stored.
    pub fn id(&self) -> &Secret {
        self.0.id()
    }

    /// Why the session has ended on this instance, if it has.
    pub fn ended(&self) -> Option<EndReason> {
        self.0.ended()
    }

    /// A valid access token; refreshes it first if necessary.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if the session has ended,
    /// [`ErrorKind::Unavailable`] if it could not be refreshed now.
    pub async fn access_token(&self) -> Result<Secret, Error> {
        self.0.access_token().await.map(Secret::from)
    }

    /// Replaces an access token that the server has rejected, as a call does after a 401.
    ///
    /// # Errors
    ///
    /// As [`access_token`](Self::access_token).
    pub async fn replace_rejected(&self, access: &Secret) -> Result<Secret, Error> {
        self.0.replace_rejected(access).await.map(Secret::from)
    }

    /// Ends the session and returns its tokens, as `export_tokens` of a session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if the session has ended,
    /// [`ErrorKind::Unavailable`] if the store fails.
    pub async fn export_tokens(&self) -> Result<Tokens, Error> {
        self.0.export_tokens().await
    }

    /// Ends the session on all instances.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if the store failed. The session has nevertheless ended on this
    /// instance, which retries the deletion.
    pub async fn end(&self) -> Result<(), Error> {
        self.0.close(EndReason::SignedOut).await
    }
}

/// Refreshes sessions by a [`TokenServer`].
struct TokenServerAdapter<S>(S);

impl<S: TokenServer> Refresher for TokenServerAdapter<S> {
    fn refresh<'a>(
        &'a self,
        _session: &'a Secret,
        current: &'a Tokens,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, Error>> {
        Box::pin(async move {
            let Some(refresh) = &current.refresh else {
                return Err(TokenFault::Rejected.into_error());
            };
            let exchanged = self.0.exchange(refresh, within).await;
            exchanged.map_err(TokenFault::into_error)
        })
    }
}
