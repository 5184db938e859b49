//! What all sessions of one client share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::core::{Core, Renew};
use super::exchanges::Exchanges;
use super::material::Material;
use super::store::{SessionStore, StoreError, StoreKey};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::Settings;
use crate::random;
use crate::secret::Secret;

/// How long a session that nobody uses is kept.
const TIME_TO_LIVE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The store, the clock and the live sessions of one client.
pub(crate) struct Host {
    pub(super) system: System,
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) clock: Clock,
    pub(super) settings: Settings,
    pub(super) exchanges: Exchanges,
    /// One core per session, so that all its users in this process share one refresh.
    live: Mutex<HashMap<StoreKey, Weak<Core>>>,
}

impl Host {
    pub(crate) fn new(
        system: System,
        store: Arc<dyn SessionStore>,
        clock: Clock,
        settings: Settings,
    ) -> Arc<Self> {
        Arc::new(Self {
            system,
            store,
            clock,
            settings,
            exchanges: Exchanges::default(),
            live: Mutex::default(),
        })
    }

    pub(super) fn time_to_live(&self) -> Duration {
        TIME_TO_LIVE
    }

    /// Stores a new session.
    pub(crate) async fn create(
        self: &Arc<Self>,
        material: Material,
        renewal: Option<Arc<dyn Renew>>,
    ) -> Result<Arc<Core>, Error> {
        let id = random::id().map(Secret::from).map_err(|error| {
            Error::new(ErrorKind::TryLater, "this machine gives no random numbers")
                .of(self.system)
                .with_source(error)
        })?;
        let key = StoreKey::of(&id);
        let record = material.to_record(self.system.name())?;
        let version = self
            .store
            .create(&key, record, TIME_TO_LIVE)
            .await
            .map_err(|error| self.store_failed(error))?;
        let core = Core::new(self.clone(), id, key, material, version, renewal);
        Ok(self.register(key, core))
    }

    /// Takes up a session that was stored before, here or by another instance.
    pub(crate) async fn resume(
        self: &Arc<Self>,
        id: &Secret,
        renewal: Option<Arc<dyn Renew>>,
    ) -> Result<Arc<Core>, Error> {
        let key = StoreKey::of(id);
        if let Some(core) = self.find(&key) {
            return Ok(core);
        }
        let loaded = self
            .store
            .load(&key)
            .await
            .map_err(|error| self.store_failed(error))?;
        let Some((record, version)) = loaded else {
            return Err(
                Error::new(ErrorKind::SignInAgain, "there is no such session").of(self.system),
            );
        };
        let material = Material::from_record(&record, self.system.name())?;
        let core = Core::new(self.clone(), id.clone(), key, material, version, renewal);
        Ok(self.register(key, core))
    }

    /// Lets running exchanges finish and their tokens be saved; answers how many did not in time.
    pub(crate) async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        match self.exchanges.close(deadline).await {
            0 => Ok(()),
            left => Err(Error::new(
                ErrorKind::TryLater,
                format!("{left} token exchanges did not finish in time"),
            )
            .of(self.system)),
        }
    }

    pub(super) fn store_failed(&self, error: StoreError) -> Error {
        Error::new(ErrorKind::TryLater, "the session store failed")
            .of(self.system)
            .with_source(error)
    }

    fn find(&self, key: &StoreKey) -> Option<Arc<Core>> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.get(key).and_then(Weak::upgrade)
    }

    /// Makes `core` the one core of its session, unless another came first.
    fn register(&self, key: StoreKey, core: Arc<Core>) -> Arc<Core> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = live.get(&key).and_then(Weak::upgrade) {
            return first;
        }
        if live.len() == live.capacity() {
            live.retain(|_, core| core.strong_count() > 0);
        }
        live.insert(key, Arc::downgrade(&core));
        core
    }
}
