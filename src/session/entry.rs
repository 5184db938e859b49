//! One session: its credential, its renewal, its end.
//!
//! A renewal is single-flight: whoever finds the credential stale joins the one exchange that
//! runs. It runs in a task of its own that saves the result, so a caller that is dropped while it
//! waits loses nothing.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::context::SessionContext;
use super::credential::{Credential, Renewal};
use super::in_flight_tasks::TaskGuard;
use super::refresh::state::RefreshState;
use super::tokens::Tokens;
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
use crate::pipeline::CredentialGeneration;
use crate::random;
use crate::secret::Secret;
#[cfg(feature = "fynd")]
use crate::session::CookieJar;
use crate::store::{StoreKey, Version};
use crate::telemetry::Event;

/// How one system gets new tokens for old ones.
pub(crate) trait Renew: Send + Sync {
    /// A refusal ends the session, any other error leaves it as it is. It may take `within`.
    fn renew<'a>(
        &'a self,
        current: &'a Tokens,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, Error>>;
}

/// What a session is known by.
pub(super) struct Name {
    pub(super) id: Secret,
    pub(super) key: StoreKey,
    /// What the user has signed in by.
    pub(super) login_hint: Option<String>,
}

/// One session of this process.
pub(crate) struct SessionEntry {
    pub(super) me: Weak<SessionEntry>,
    pub(super) context: Arc<SessionContext>,
    id: Secret,
    login_hint: Option<Box<str>>,
    pub(super) key: StoreKey,
    pub(super) renewal: Option<Arc<dyn Renew>>,
    /// Held while the session is saved.
    pub(super) saving: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) credential: Credential,
    /// Since when the material is here.
    pub(super) since: DateTime<Utc>,
    /// Counts the credentials of this session in this process.
    pub(super) generation: CredentialGeneration,
    /// The version of the stored record that the material came from or went to; none before it
    /// was ever stored.
    pub(super) version: Option<Version>,
    pub(super) ended: Option<&'static str>,
    /// When the record was seen last, by this machine's clock.
    pub(super) seen_at: DateTime<Utc>,
    /// Whether the store does not have the newest credential yet.
    pub(super) unsaved: bool,
    /// Whether a task tries again and again to change that.
    pub(super) saves_later: bool,
    /// Whether the server has rejected the present credential.
    pub(super) rejected: bool,
    /// Whether the server has refused to renew it, stored or not.
    pub(super) refused: bool,
    /// When the record was written last, as far as is known here.
    pub(super) written_at: DateTime<Utc>,
    /// The cookies as the store has them; ours may have changed since.
    #[cfg(feature = "fynd")]
    pub(super) stored_jar: Option<Box<CookieJar>>,
    /// From 0 to 1: how much earlier than others this credential is renewed, so that sessions that
    /// began together are not renewed together.
    pub(super) earliness: f64,
    pub(super) refresh_state: Option<Box<RefreshState>>,
}

impl State {
    /// Whether the server will never renew the credential, as far as is known here or stored.
    pub(super) fn is_refused(&self) -> bool {
        self.refused || self.refresh_state().renewal.refused
    }
}

impl fmt::Debug for SessionEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} {})", self.context.system, self.key)
    }
}

impl SessionEntry {
    pub(super) fn new(
        context: Arc<SessionContext>,
        name: Name,
        credential: (Credential, Renewal),
        version: Option<Version>,
        renewal: Option<Arc<dyn Renew>>,
    ) -> Arc<Self> {
        let since = context.time.now();
        let seen_at = context.time.local_now();
        let (credential, stored_renewal) = credential;
        #[cfg(feature = "fynd")]
        let stored_jar = match &credential {
            Credential::Cookies(jar) if version.is_some() => Some(Box::new(jar.clone())),
            _ => None,
        };
        let refresh_state = (stored_renewal != Renewal::default()).then(|| {
            Box::new(RefreshState {
                renewal: stored_renewal,
                ..RefreshState::default()
            })
        });
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            context,
            id: name.id,
            login_hint: name.login_hint.map(String::into_boxed_str),
            key: name.key,
            renewal,
            saving: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                credential,
                since,
                generation: CredentialGeneration(0),
                version,
                ended: None,
                seen_at,
                unsaved: false,
                saves_later: false,
                rejected: false,
                refused: false,
                written_at: since,
                #[cfg(feature = "fynd")]
                stored_jar,
                earliness: random::fraction(),
                refresh_state,
            }),
        })
    }

    pub(crate) fn id(&self) -> &Secret {
        &self.id
    }

    /// What the user has signed in by, if that was stored.
    pub(crate) fn login_hint(&self) -> Option<&str> {
        self.login_hint.as_deref()
    }

    pub(crate) fn ended(&self) -> Option<&'static str> {
        self.lock().ended
    }

    /// The credential that a session ends with, when the exchange that runs is done.
    #[cfg(any(feature = "wunder", feature = "fynd"))]
    pub(super) async fn last_credential(&self) -> Credential {
        let running = {
            let state = self.lock();
            // What presents nothing finds that the session has ended, and presents nothing more.
            let running = self.running_exchange(&state);
            running.filter(|_| state.refresh_state().presenting)
        };
        if let Some(mut running) = running {
            // Its sender goes when it is done, whatever comes of it.
            let _ = running.wait_for(Option::is_some).await;
        }
        let state = self.lock();
        let next = state.refresh_state().next.as_ref();
        next.unwrap_or(&state.credential).clone()
    }

    /// Makes a shutdown wait for what is going on.
    pub(crate) fn count(&self) -> TaskGuard {
        self.context.in_flight_tasks.count()
    }

    /// Ends the session here at once, and removes it from the store for as long as that takes.
    pub(crate) async fn close(&self, why: &'static str) -> Result<(), Error> {
        self.mark_ended(why);
        self.delete().await
    }

    /// Ends the session in this process: nothing is sent with its credential any more.
    pub(super) fn mark_ended(&self, why: &'static str) {
        {
            let mut state = self.lock();
            if state.ended.is_some() {
                return;
            }
            state.ended = Some(why);
        }
        self.context.telemetry.emit(&Event::SessionEnded {
            system: self.context.system,
            session: self.key.label(),
            why,
        });
    }

    /// Takes over a credential; earlier refusals were about the former one.
    pub(super) fn set_credential(&self, state: &mut State, credential: Credential) {
        state.credential = credential;
        state.since = self.context.time.now();
        state.generation.0 += 1;
        state.rejected = false;
        state.refused = false;
        state.change(|refresh_state| {
            refresh_state.renewal = Renewal::default();
            refresh_state.replaced = None;
            refresh_state.not_early_before = None;
        });
        state.earliness = random::fraction();
    }

    /// The state is only ever replaced as a whole or by one assignment, so a panic elsewhere
    /// leaves it consistent.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ended_error(&self, why: &'static str) -> Error {
        Error::new(
            ErrorKind::SignInAgain,
            format!("the session has ended: {why}"),
        )
        .of(self.context.system)
    }
}
