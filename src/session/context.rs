//! What all sessions of one client share.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::credential::{Credential, Recorded, Renewal};
use super::entry::{Name, Renew, SessionEntry};
use super::in_flight_tasks::{InFlightTasks, TaskGuard};
use crate::clock::{BoxFuture, SharedClock};
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::Settings;
use crate::random;
use crate::secret::Secret;
use crate::skewed_clock::SkewedClock;
use crate::store::{Record, SessionStore, StoreError, StoreKey};
use crate::telemetry::Telemetry;

/// How long a session that nobody uses is kept.
const TIME_TO_LIVE: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long one step of a store may take.
pub(super) const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// Nobody waits longer for somebody who has died.
const LONGEST_LEASE: Duration = Duration::from_secs(3600);

/// For how long after the store was away a renewal may be unsaved at another instance.
const UNSAVED: Duration = Duration::from_secs(60);

/// The store, the clock and the live sessions of one client.
pub(crate) struct SessionContext {
    pub(super) system: System,
    /// Where sessions of this client are good; a record of another audience is not taken up.
    audience: String,
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) time: SkewedClock,
    pub(super) telemetry: Telemetry,
    pub(super) settings: Settings,
    pub(super) in_flight_tasks: InFlightTasks,
    /// When a step of the store failed last, or took so long that leases may have run out.
    away_at: Mutex<Option<Instant>>,
    /// One core per session, so that all its users in this process share one refresh.
    live: Mutex<HashMap<StoreKey, Weak<SessionEntry>>>,
}

impl SessionContext {
    pub(crate) fn new(
        system: System,
        audience: String,
        store: Arc<dyn SessionStore>,
        time: SkewedClock,
        telemetry: Telemetry,
        settings: Settings,
    ) -> Arc<Self> {
        Arc::new(Self {
            system,
            audience,
            store,
            time,
            telemetry,
            settings,
            in_flight_tasks: InFlightTasks::default(),
            away_at: Mutex::default(),
            live: Mutex::default(),
        })
    }

    pub(super) fn time_to_live(&self) -> Duration {
        TIME_TO_LIVE
    }

    /// Stores a new session. `login_hint` is what the user has signed in by. Tokens that no call
    /// can carry make none.
    pub(crate) async fn create(
        self: &Arc<Self>,
        credential: Credential,
        renewal: Option<Arc<dyn Renew>>,
        login_hint: Option<String>,
    ) -> Result<Arc<SessionEntry>, Error> {
        let id = random::id().map(Secret::from).map_err(|error| {
            Error::new(ErrorKind::TryLater, "this machine gives no random numbers")
                .of(self.system)
                .with_source(error)
        })?;
        let key = StoreKey::of(self.system, &id);
        let credential = (credential.answered(self.system)?, Renewal::default());
        let record = self.to_record(&credential.0, &credential.1, login_hint.as_deref())?;
        let created = self
            .bounded(self.store.create(&key, record, TIME_TO_LIVE))
            .await;
        let name = Name {
            id,
            key,
            login_hint,
        };
        let entry = match created {
            Ok(version) => {
                SessionEntry::new(self.clone(), name, credential, Some(version), renewal)
            }
            // What the server has granted once is not thrown away: it is kept here meanwhile.
            Err(error) => {
                tracing::warn!(session = %key, %error, "a new session is not saved yet");
                let entry = SessionEntry::new(self.clone(), name, credential, None, renewal);
                entry.save_later();
                entry
            }
        };
        Ok(self.register(key, entry))
    }

    /// Takes up a session that was stored before, here or by another instance.
    pub(crate) async fn resume(
        self: &Arc<Self>,
        id: &Secret,
        renewal: Option<Arc<dyn Renew>>,
    ) -> Result<Arc<SessionEntry>, Error> {
        let key = StoreKey::of(self.system, id);
        if let Some(entry) = self.find(&key) {
            return match entry.ended() {
                Some(why) => Err(entry.ended_error(why)),
                None => Ok(entry),
            };
        }
        let loaded = self.bounded(self.store.load(&key)).await;
        let loaded = loaded.map_err(|error| self.store_failed(error))?;
        let Some((record, version)) = loaded else {
            return Err(
                Error::new(ErrorKind::SignInAgain, "there is no such session").of(self.system),
            );
        };
        let found = self.read_record(&record)?;
        let name = Name {
            id: id.clone(),
            key,
            login_hint: found.login_hint,
        };
        let credential = (found.credential, found.renewal);
        let entry = SessionEntry::new(self.clone(), name, credential, Some(version), renewal);
        entry.lock().written_at = found.written_at;
        Ok(self.register(key, entry))
    }

    /// Lets running exchanges finish and their tokens be saved; answers how many did not in time.
    pub(crate) async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        match self.in_flight_tasks.close(deadline).await {
            0 => Ok(()),
            left => Err(Error::new(
                ErrorKind::TryLater,
                format!("{left} token exchanges did not finish in time"),
            )
            .of(self.system)),
        }
    }

    pub(super) fn to_record(
        &self,
        credential: &Credential,
        renewal: &Renewal,
        login_hint: Option<&str>,
    ) -> Result<Record, Error> {
        let now = self.time.local_now();
        let record = credential.to_record(renewal, login_hint, &self.audience, now);
        record.map_err(|error| error.of(self.system))
    }

    pub(super) fn read_record(&self, record: &Record) -> Result<Recorded, Error> {
        let credential = Credential::from_record(record, &self.audience);
        credential.map_err(|error| error.of(self.system))
    }

    /// One step of the store, which must not take for ever.
    pub(super) async fn bounded<T>(
        &self,
        step: BoxFuture<'_, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let timed_out = StoreError::Unavailable(io::ErrorKind::TimedOut);
        let began = Instant::now();
        let done = timeout(STORE_TIMEOUT, step).await.unwrap_or(Err(timed_out));
        let failed = matches!(done, Err(StoreError::Unavailable(_) | StoreError::Full));
        if failed || began.elapsed() >= self.lease_time() / 3 {
            *self.away_at() = Some(Instant::now());
        }
        done
    }

    /// Whether the store was away so recently that another instance may not have saved yet what it
    /// could not save meanwhile.
    pub(super) fn store_was_away(&self) -> bool {
        self.away_at().is_some_and(|then| then.elapsed() < UNSAVED)
    }

    pub(super) fn lease_time(&self) -> Duration {
        let time = self.settings.lease_time;
        time.clamp(Duration::from_millis(1), LONGEST_LEASE)
    }

    fn away_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.away_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn store_failed(&self, error: StoreError) -> Error {
        let kind = match error {
            // The same bytes and the same keys will not do better later.
            StoreError::Unreadable => ErrorKind::Undecodable,
            _ => ErrorKind::TryLater,
        };
        Error::new(kind, "the session store failed")
            .of(self.system)
            .with_source(error)
    }

    fn find(&self, key: &StoreKey) -> Option<Arc<SessionEntry>> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.get(key).and_then(Weak::upgrade)
    }

    /// Makes `entry` the one core of its session, unless another came first.
    fn register(&self, key: StoreKey, entry: Arc<SessionEntry>) -> Arc<SessionEntry> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = live.get(&key).and_then(Weak::upgrade) {
            return first;
        }
        if live.len() == live.capacity() {
            live.retain(|_, entry| entry.strong_count() > 0);
        }
        live.insert(key, Arc::downgrade(&entry));
        entry
    }
}

/// For challenges, which live in the same store.
impl SessionContext {
    pub(crate) fn system(&self) -> System {
        self.system
    }

    pub(crate) fn audience(&self) -> &str {
        &self.audience
    }

    /// This machine's clock.
    pub(crate) fn clock(&self) -> &SharedClock {
        self.time.local()
    }

    /// The clock with what the server said about it.
    pub(crate) fn skewed_clock(&self) -> &SkewedClock {
        &self.time
    }

    pub(crate) fn store(&self) -> &dyn SessionStore {
        &*self.store
    }

    /// One step of the store, within the same bound as those of sessions.
    pub(crate) async fn step<T>(
        &self,
        step: BoxFuture<'_, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.bounded(step).await
    }

    /// What a caller is told of a store that failed.
    pub(crate) fn store_error(&self, error: StoreError) -> Error {
        self.store_failed(error)
    }

    /// Makes a shutdown wait for what is being saved.
    pub(crate) fn count(&self) -> TaskGuard {
        self.in_flight_tasks.count()
    }
}
