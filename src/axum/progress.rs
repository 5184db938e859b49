//! How far a browser's sign-in has come, and where that is kept.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use serde::{Deserialize, Serialize};

use crate::clock::BoxFuture;
use crate::error::{Error, System};
use crate::secret::Secret;

/// How far the sign-in of one browser at one system has come.
///
/// It holds the id of a challenge or session, which is a secret: any holder of the id of a session can act as
/// its user. So a [`ProgressStore`] keeps it on the server, in the browser's web session. Serde writes the
/// id as plain text; the [module](super#the-ids-are-secrets) describes how to seal it. `Debug` does not
/// show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "id", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignInProgress {
    /// No sign-in was started, or the user has signed out.
    #[default]
    NotStarted,
    /// The challenge of this id waits for the user.
    Challenge(Secret),
    /// The user has entered a correct code, and the challenge of this id waits for the next step, such as a
    /// second factor, a profile or a new password.
    NextStep(Secret),
    /// The user is signed in with the session of this id.
    SignedIn(Secret),
}

impl SignInProgress {
    /// Whether the user is signed in.
    pub fn is_signed_in(&self) -> bool {
        matches!(self, Self::SignedIn(_))
    }

    /// Whether the user has proved something that an attacker could use.
    fn is_authenticated(&self) -> bool {
        matches!(self, Self::NextStep(_) | Self::SignedIn(_))
    }
}

/// Whether the id of a web session changes, which is the value of its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebSessionId {
    /// The id stays. A browser without a web session gets one with a new id.
    Keep,
    /// The web session gets a new id, and the former one becomes invalid.
    Change,
}

/// Where a back end keeps the [`SignInProgress`] of each browser: in its web sessions, which a cookie
/// identifies. The router's state has one as `Arc<dyn ProgressStore>`.
///
/// `TowerSessions` (features `axum` and `tower-sessions`) keeps it in the web sessions of tower-sessions.
/// Implement the trait for another middleware of web sessions.
pub trait ProgressStore: Send + Sync + 'static {
    /// Loads the progress at `system` of the browser that sent `request`;
    /// [`NotStarted`](SignInProgress::NotStarted) if there is none.
    ///
    /// # Errors
    ///
    /// Of a store that fails: [`StoreError::Unavailable`](crate::store::StoreError::Unavailable), which `?`
    /// converts.
    fn load<'a>(
        &'a self,
        request: &'a Parts,
        system: System,
    ) -> BoxFuture<'a, Result<SignInProgress, Error>>;

    /// Saves the progress at `system` of the browser that sent `request`. With [`WebSessionId::Change`] the
    /// id of the web session has to change, with all else that the web session holds.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    fn save<'a>(
        &'a self,
        request: &'a Parts,
        system: System,
        progress: &'a SignInProgress,
        id: WebSessionId,
    ) -> BoxFuture<'a, Result<(), Error>>;
}

/// The [`SignInProgress`] of the browser that sent a request, at one system.
///
/// The extractors hold one. [`resume`](Self::resume) creates one without them, where the system is known
/// only at run time.
#[must_use = "the progress is not saved before `update`"]
pub struct Progress {
    store: Arc<dyn ProgressStore>,
    request: Parts,
    system: System,
    current: SignInProgress,
}

impl Progress {
    /// Loads the progress at `system` of the browser that sent `request`.
    ///
    /// # Errors
    ///
    /// Those of [`ProgressStore::load`].
    pub async fn resume(
        store: Arc<dyn ProgressStore>,
        request: &Parts,
        system: System,
    ) -> Result<Self, Error> {
        let current = store.load(request, system).await?;
        Ok(Self {
            store,
            request: request.clone(),
            system,
            current,
        })
    }

    /// Returns the progress as it was loaded or last saved.
    pub fn current(&self) -> &SignInProgress {
        &self.current
    }

    /// Returns the system.
    pub fn system(&self) -> System {
        self.system
    }

    /// Saves how far the sign-in has come: a challenge or session of the system, the result of a
    /// confirmation, or a [`SignInProgress`].
    ///
    /// The id of the web session changes after a correct code, and whenever a session of the SDK enters or
    /// leaves it: an id that an attacker has planted before gives no access afterwards (session fixation).
    /// A [`NextStep`](SignInProgress::NextStep) stays one if `next` is the same challenge, as after it was
    /// resumed.
    ///
    /// # Errors
    ///
    /// Those of [`ProgressStore::save`].
    pub async fn update(&mut self, next: impl Into<SignInProgress>) -> Result<(), Error> {
        let next = next.into();
        let is_same_challenge = match (&self.current, &next) {
            (SignInProgress::NextStep(current), SignInProgress::Challenge(next)) => current == next,
            _ => false,
        };
        if is_same_challenge || next == self.current {
            return Ok(());
        }
        let id = match self.current.is_authenticated() || next.is_authenticated() {
            true => WebSessionId::Change,
            false => WebSessionId::Keep,
        };
        let saving = self.store.save(&self.request, self.system, &next, id);
        saving.await?;
        self.current = next;
        Ok(())
    }
}

/// Shows neither the request nor an id.
impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Progress({}: {:?})", self.system, self.current)
    }
}
