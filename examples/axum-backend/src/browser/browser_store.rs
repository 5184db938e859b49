//! Browser states in the store that also holds the SDK's sessions.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use vestibule::Secret;
use vestibule::store::{Record, SessionStore, StoreError, StoreKey};

use super::cookie;
use super::state::BrowserState;

/// The time to live of a browser state after its last change.
const TIME_TO_LIVE: Duration = Duration::from_secs(12 * 3600);

/// The timeout of a store operation.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How often an update is tried when other windows write concurrently.
const MAX_ATTEMPTS: usize = 8;

#[derive(Clone)]
pub struct BrowserStore {
    store: Arc<dyn SessionStore>,
}

impl BrowserStore {
    pub fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { store }
    }

    /// Loads the state of a cookie value; `None` if the value was never issued.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn load(&self, cookie: &Secret) -> Result<Option<BrowserState>, StoreError> {
        let loaded = with_timeout(self.store.load(&key(cookie))).await;
        match loaded {
            Ok(loaded) => Ok(loaded.and_then(|(record, _)| read(&record))),
            // Sealed with a key that is no longer in use.
            Err(StoreError::Unreadable) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores a state under a new cookie value.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails, or the system has no random numbers.
    pub async fn create(&self, browser: &BrowserState) -> Result<Secret, StoreError> {
        let cookie = cookie::new_value()?;
        let key = key(&cookie);
        with_timeout(self.store.create(&key, write(browser)?, TIME_TO_LIVE)).await?;
        Ok(cookie)
    }

    /// Changes a state by compare-and-swap, so that concurrent changes of other windows are kept.
    /// Returns `None` if the state no longer exists.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn update(
        &self,
        cookie: &Secret,
        change: impl Fn(&mut BrowserState),
    ) -> Result<Option<BrowserState>, StoreError> {
        let key = key(cookie);
        for _ in 0..MAX_ATTEMPTS {
            let Some((record, version)) = with_timeout(self.store.load(&key)).await? else {
                return Ok(None);
            };
            let mut browser = read(&record).unwrap_or_default();
            change(&mut browser);
            let record = write(&browser)?;
            let written = self
                .store
                .compare_and_swap(&key, version, record, TIME_TO_LIVE, None);
            match with_timeout(written).await {
                Ok(_) => return Ok(Some(browser)),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Deletes a state, which invalidates its cookie value.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn delete(&self, cookie: &Secret) -> Result<(), StoreError> {
        with_timeout(self.store.delete(&key(cookie))).await
    }
}

/// The store sees only a digest of the cookie value, in a domain that the SDK does not use.
fn key(cookie: &Secret) -> StoreKey {
    let digest = Sha256::new()
        .chain_update("browser\0")
        .chain_update(cookie.expose());
    StoreKey::new(digest.finalize().into())
}

/// Ignores a record of another version of this program.
fn read(record: &Record) -> Option<BrowserState> {
    serde_json::from_slice(record.expose()).ok()
}

fn write(browser: &BrowserState) -> Result<Record, StoreError> {
    let bytes = serde_json::to_vec(browser);
    let bytes = bytes.map_err(|_| StoreError::Unavailable(std::io::ErrorKind::InvalidData))?;
    Ok(Record::new(bytes))
}

async fn with_timeout<T>(
    step: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = StoreError::Unavailable(std::io::ErrorKind::TimedOut);
    tokio::time::timeout(TIMEOUT, step)
        .await
        .unwrap_or(Err(late))
}
