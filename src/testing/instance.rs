//! The session code of one instance, over a token server of the caller's making.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::clock::{BoxFuture, Clock, SharedClock};
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::pipeline::Settings;
use crate::secret::Secret;
use crate::session::{
    Credential, Refresher, SessionContext, SessionEntry, SessionRegistry, Tokens,
};
use crate::skewed_clock::SkewedClock;
use crate::store::SessionStore;
use crate::telemetry::Telemetry;

const SYSTEM: System = System::Wunder;

/// A server that sells new tokens for a refresh token, as one instance reaches it.
pub trait TokenServer: Send + Sync + 'static {
    /// New tokens for `refresh`. It may take `within`.
    ///
    /// # Errors
    ///
    /// Why there are none.
    fn exchange<'a>(
        &'a self,
        refresh: &'a Secret,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, TokenFault>>;
}

/// Why an exchange brought no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// The server will never take this refresh token (again).
    Refused,
    /// The server failed, and said so.
    Failed,
    /// Nothing reached the server.
    NotSent,
    /// No answer came: the server may have taken the refresh token.
    NoAnswer,
}

impl TokenFault {
    fn into_error(self) -> Error {
        let error = match self {
            Self::Refused => Error::new(ErrorKind::SignInAgain, "the refresh token was refused")
                .with_status(StatusCode::UNAUTHORIZED),
            Self::Failed => Error::new(ErrorKind::TryLater, "the token server failed")
                .with_status(StatusCode::SERVICE_UNAVAILABLE),
            Self::NotSent => Error::new(ErrorKind::TryLater, "the token server was not reached"),
            Self::NoAnswer => Error::new(ErrorKind::TryLater, "the token server did not answer")
                .with_delivery(Delivery::Unknown),
        };
        error.of(SYSTEM)
    }
}

/// One instance of a back end, for simulations: the session code that the clients run, without a
/// network below it.
///
/// Instances that share a store share its sessions. Under tokio's paused time and with a [`Clock`]
/// that follows it, months of several instances pass in a moment.
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
/// struct Strict;
///
/// impl TokenServer for Strict {
///     fn exchange<'a>(
///         &'a self,
///         _: &'a Secret,
///         _: Duration,
///     ) -> BoxFuture<'a, Result<Tokens, TokenFault>> {
///         Box::pin(async { Err(TokenFault::Refused) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), vestibule::Error> {
/// let store = Arc::new(MemoryStore::new());
/// let clock = TestClock::new();
/// let instance = || Instance::new(Strict, store.clone(), clock.clone(), Settings::default());
/// let (one, other) = (instance(), instance());
/// let session = one.sign_in(Tokens::new("access", Some("refresh".into()))).await?;
/// let same = other.session(session.id()).await?;
/// assert_eq!(same.access_token().await?.expose(), "access");
/// assert!(same.replace_rejected(&"access".into()).await.is_err());
/// assert!(same.ended().is_some());
/// # Ok(())
/// # }
/// ```
pub struct Instance {
    context: Arc<SessionContext>,
    sessions: Arc<SessionRegistry>,
    refresher: Arc<dyn Refresher>,
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instance")
    }
}

impl Instance {
    /// An instance that reaches this server and this store, with a clock of its own.
    pub fn new(
        server: impl TokenServer,
        store: Arc<dyn SessionStore>,
        clock: impl Clock,
        settings: Settings,
    ) -> Self {
        let time = SkewedClock::new(SharedClock::new(clock), settings.max_clock_correction);
        let audience = "simulation".to_owned();
        let telemetry = Telemetry::default();
        let context = SessionContext::new(SYSTEM, audience, store, time, telemetry, settings);
        Self {
            sessions: SessionRegistry::new(context.clone()),
            context,
            refresher: Arc::new(Exchanger(server)),
        }
    }

    /// Stores the tokens of a user who has just signed in.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TryLater`] if the machine has no random numbers for an id.
    pub async fn sign_in(&self, tokens: Tokens) -> Result<InstanceSession, Error> {
        let credential = Credential::Tokens(tokens);
        let refresher = Some(self.refresher.clone());
        let entry = self.sessions.create(credential, refresher, None).await;
        entry.map(InstanceSession)
    }

    /// Takes up a session that this or another instance has stored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`] if there is no such session,
    /// [`ErrorKind::TryLater`] if the store fails.
    pub async fn session(&self, id: &Secret) -> Result<InstanceSession, Error> {
        let entry = self.sessions.resume(id, Some(self.refresher.clone())).await;
        entry.map(InstanceSession)
    }

    /// Lets exchanges that are under way finish and their tokens be saved.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TryLater`] if some did not finish in time.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.context.shutdown(deadline).await
    }
}

/// A session as one [`Instance`] has it.
#[derive(Clone, Debug)]
pub struct InstanceSession(Arc<SessionEntry>);

impl InstanceSession {
    /// The id under which the session is stored.
    pub fn id(&self) -> &Secret {
        self.0.id()
    }

    /// Why the session has ended here, if it has.
    pub fn ended(&self) -> Option<&'static str> {
        self.0.ended()
    }

    /// An access token that is good for now; it is renewed first if it must be.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`] if the session has ended,
    /// [`ErrorKind::TryLater`] if it could not be renewed now.
    pub async fn access_token(&self) -> Result<Secret, Error> {
        self.0.access_token().await
    }

    /// Another access token for one that the server has rejected: what a call does after a 401.
    ///
    /// # Errors
    ///
    /// As [`access_token`](Self::access_token).
    pub async fn replace_rejected(&self, access: &Secret) -> Result<Secret, Error> {
        self.0.replace_rejected(access).await
    }

    /// Ends the session on all instances.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TryLater`] if the store failed; the session has ended here all the same, and
    /// its deletion goes on being tried.
    pub async fn end(&self) -> Result<(), Error> {
        self.0.close("the user signed out").await
    }
}

/// A [`TokenServer`] as sessions know it.
struct Exchanger<S>(S);

impl<S: TokenServer> Refresher for Exchanger<S> {
    fn refresh<'a>(
        &'a self,
        current: &'a Tokens,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, Error>> {
        Box::pin(async move {
            let Some(refresh) = &current.refresh else {
                return Err(TokenFault::Refused.into_error());
            };
            let exchanged = self.0.exchange(refresh, within).await;
            exchanged.map_err(TokenFault::into_error)
        })
    }
}
