//! One session: its credential, its renewal, its end.
//!
//! A renewal is single-flight: whoever finds the credential stale joins the one exchange that
//! runs. It runs in a task of its own that saves the result, so a caller that is dropped while it
//! waits loses nothing.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::exchanges::Running;
use super::host::Host;
use super::material::{Material, Renewal};
use super::passing::Passing;
use super::store::{StoreKey, Version};
use super::tokens::Tokens;
use crate::clock::BoxFuture;
#[cfg(feature = "fynd")]
use crate::credential::CookieJar;
use crate::error::{Error, ErrorKind};
use crate::observe::Event;
use crate::pipeline::Stamp;
use crate::random;
use crate::secret::Secret;

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
pub(crate) struct Core {
    pub(super) me: Weak<Core>,
    pub(super) host: Arc<Host>,
    id: Secret,
    login_hint: Option<Box<str>>,
    pub(super) key: StoreKey,
    pub(super) renewal: Option<Arc<dyn Renew>>,
    /// Held while the session is saved.
    pub(super) saving: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) material: Material,
    /// Since when the material is here.
    pub(super) since: DateTime<Utc>,
    /// Counts the credentials of this session in this process.
    pub(super) stamp: Stamp,
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
    pub(super) passing: Option<Box<Passing>>,
}

impl State {
    /// Whether the server will never renew the credential, as far as is known here or stored.
    pub(super) fn is_refused(&self) -> bool {
        self.refused || self.passing().renewal.refused
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} {})", self.host.system, self.key)
    }
}

impl Core {
    pub(super) fn new(
        host: Arc<Host>,
        name: Name,
        material: (Material, Renewal),
        version: Option<Version>,
        renewal: Option<Arc<dyn Renew>>,
    ) -> Arc<Self> {
        let since = host.time.now();
        let seen_at = host.time.local_now();
        let (material, stored_renewal) = material;
        #[cfg(feature = "fynd")]
        let stored_jar = match &material {
            Material::Cookies(jar) if version.is_some() => Some(Box::new(jar.clone())),
            _ => None,
        };
        let passing = (stored_renewal != Renewal::default()).then(|| {
            Box::new(Passing {
                renewal: stored_renewal,
                ..Passing::default()
            })
        });
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            host,
            id: name.id,
            login_hint: name.login_hint.map(String::into_boxed_str),
            key: name.key,
            renewal,
            saving: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                material,
                since,
                stamp: Stamp(0),
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
                passing,
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
    pub(super) async fn last_material(&self) -> Material {
        let running = {
            let state = self.lock();
            // What presents nothing finds that the session has ended, and presents nothing more.
            let running = self.running_exchange(&state);
            running.filter(|_| state.passing().presenting)
        };
        if let Some(mut running) = running {
            // Its sender goes when it is done, whatever comes of it.
            let _ = running.wait_for(Option::is_some).await;
        }
        let state = self.lock();
        let next = state.passing().next.as_ref();
        next.unwrap_or(&state.material).clone()
    }

    /// Makes a shutdown wait for what is going on.
    pub(crate) fn count(&self) -> Running {
        self.host.exchanges.count()
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
        self.host.signals.emit(&Event::SessionEnded {
            system: self.host.system,
            session: self.key.label(),
            why,
        });
    }

    /// Takes over a credential; earlier refusals were about the former one.
    pub(super) fn set_material(&self, state: &mut State, material: Material) {
        state.material = material;
        state.since = self.host.time.now();
        state.stamp.0 += 1;
        state.rejected = false;
        state.refused = false;
        state.change(|passing| {
            passing.renewal = Renewal::default();
            passing.replaced = None;
            passing.not_early_before = None;
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
        .of(self.host.system)
    }
}
