//! Web sessions of tower-sessions in a store of this crate.

use std::collections::HashMap;
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;
use tower_sessions_core::session::{Id, Record as WebSession};
use tower_sessions_core::session_store::{self, Error};

use super::{Record, SessionStore, StoreError, StoreKey, Version};

/// The timeout of one step of the store.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How often a write is tried while other requests of the browser write.
const MAX_WRITES: usize = 8;

/// The key in a loaded web session under which [`Base`] is. It is never stored.
pub(crate) const BASE: &str = "vestibule: as loaded";

/// A store of the web sessions of [tower-sessions](https://docs.rs/tower-sessions), over any store of this
/// crate: give it to `SessionManagerLayer::new`.
///
/// A store may hold web sessions, the sessions of the SDK and challenges at once. The key of a record is a
/// digest of the web session's id, and the record does not contain the id. It ends with the web session.
///
/// Concurrent requests of one browser keep each other's changes: where another request has written in the
/// meantime, only the entries that this request has inserted, replaced or removed are changed. A web session
/// that was deleted meanwhile, such as by a change of its id at a sign-in, is not written again; the request
/// fails, and so its response does not replace the browser's new cookie.
///
/// A record that cannot be unsealed, because its sealing key is no longer configured, counts as absent. Each
/// step of the store has a timeout of 5 s.
///
/// ```
/// use std::sync::Arc;
///
/// use tower_sessions::SessionManagerLayer;
/// use vestibule::store::{MemoryStore, SessionStore, WebSessionStore};
///
/// let store: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
/// let layer = SessionManagerLayer::new(WebSessionStore::new(store)).with_name("__Host-id");
/// ```
#[derive(Clone)]
pub struct WebSessionStore {
    store: Arc<dyn SessionStore>,
}

impl WebSessionStore {
    /// Keeps web sessions in `store`.
    pub fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { store }
    }

    async fn stored(&self, key: &StoreKey) -> Result<Option<(WebSession, Version)>, StoreError> {
        match within_time(self.store.load(key)).await {
            Ok(Some((record, version))) => Ok(read(&record).map(|session| (session, version))),
            Ok(None) => Ok(None),
            Err(StoreError::Unreadable) => {
                tracing::warn!(record = %key, "a web session cannot be unsealed");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for WebSessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSessionStore")
    }
}

/// What a request has loaded, to tell later what it has changed.
#[derive(Serialize, Deserialize)]
struct Base {
    version: u64,
    data: HashMap<String, Value>,
}

#[async_trait]
impl tower_sessions_core::SessionStore for WebSessionStore {
    async fn create(&self, session: &mut WebSession) -> session_store::Result<()> {
        for _ in 0..MAX_WRITES {
            let record = write(session)?;
            let key = key(&session.id);
            let creating = self.store.create(&key, record, time_to_live(session));
            match within_time(creating).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Exists) => session.id = Id::default(),
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(StoreError::Exists))
    }

    async fn save(&self, session: &WebSession) -> session_store::Result<()> {
        let key = key(&session.id);
        let base = session.data.get(BASE);
        let base = base.and_then(|base| Base::deserialize(base).ok());
        // What is to be written, and the version that it replaces; unknown after a conflict.
        let mut attempt = base
            .as_ref()
            .map(|base| (session.clone(), Version(base.version)));
        for _ in 0..MAX_WRITES {
            let (merged, version) = match attempt.take() {
                Some(known) => known,
                None => {
                    let stored = self.stored(&key).await.map_err(failed)?;
                    let Some((stored, version)) = stored else {
                        let message = "the web session has ended or has another id by now";
                        return Err(Error::Backend(message.to_owned()));
                    };
                    (merge(session, base.as_ref(), stored), version)
                }
            };
            let record = write(&merged)?;
            let life = time_to_live(session);
            let writing = self
                .store
                .compare_and_swap(&key, version, record, life, None);
            match within_time(writing).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(StoreError::Conflict))
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<WebSession>> {
        let stored = self.stored(&key(id)).await.map_err(failed)?;
        let Some((mut session, version)) = stored else {
            return Ok(None);
        };
        session.id = *id;
        let base = Base {
            version: version.0,
            data: session.data.clone(),
        };
        let base = serde_json::to_value(base).map_err(|_| not_json())?;
        session.data.insert(BASE.to_owned(), base);
        Ok(Some(session))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let key = key(id);
        within_time(self.store.delete(&key)).await.map_err(failed)
    }
}

/// Puts the changes since `base` into what is stored by now. Without a base the request has not seen the
/// stored entries, as after `Session::clear`, and replaces them all.
fn merge(session: &WebSession, base: Option<&Base>, mut stored: WebSession) -> WebSession {
    let Some(base) = base else {
        return session.clone();
    };
    let loaded = |name: &String| base.data.get(name);
    stored
        .data
        .retain(|name, _| loaded(name).is_none() || session.data.contains_key(name));
    for (name, value) in &session.data {
        if loaded(name) != Some(value) {
            stored.data.insert(name.clone(), value.clone());
        }
    }
    stored.expiry_date = session.expiry_date;
    stored
}

fn key(id: &Id) -> StoreKey {
    StoreKey::of_web_session(&id.to_string())
}

/// Ignores a record of another version of this crate.
fn read(record: &Record) -> Option<WebSession> {
    serde_json::from_slice(record.expose()).ok()
}

/// The record of a web session, without its id: who reads the store learns no cookie.
fn write(session: &WebSession) -> session_store::Result<Record> {
    let mut stored = session.clone();
    stored.data.remove(BASE);
    stored.id = Id(0);
    let bytes = serde_json::to_vec(&stored).map_err(|_| not_json())?;
    Ok(Record::new(bytes))
}

/// The time to the end of a web session; zero if that has passed.
fn time_to_live(session: &WebSession) -> Duration {
    let end = session.expiry_date.unix_timestamp_nanos();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = i128::try_from(now.unwrap_or_default().as_nanos()).unwrap_or(i128::MAX);
    let millis = end.saturating_sub(now) / 1_000_000;
    Duration::from_millis(u64::try_from(millis.max(0)).unwrap_or(u64::MAX))
}

async fn within_time<T>(
    step: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = Err(StoreError::Unavailable(ErrorKind::TimedOut));
    timeout(TIMEOUT, step).await.unwrap_or(late)
}

/// The text of a [`StoreError`] is a category.
fn failed(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}

/// The error of serde_json may quote a value.
fn not_json() -> Error {
    Error::Encode("the web session cannot be written as JSON".to_owned())
}
