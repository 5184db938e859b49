//! The browsers in the store that the SDK's sessions are in too.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use vestibule::Secret;
use vestibule::store::{Record, SessionStore, StoreError, StoreKey};

use super::cookie;
use super::kept::Browser;

/// How long a browser is remembered after its last step.
const TIME_TO_LIVE: Duration = Duration::from_secs(12 * 3600);

/// How long the store may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a change is tried over those of other windows.
const TRIES: usize = 8;

#[derive(Clone)]
pub struct Browsers {
    store: Arc<dyn SessionStore>,
}

impl Browsers {
    pub fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { store }
    }

    /// What is kept under a cookie's value: nothing under one that was never given out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn find(&self, cookie: &Secret) -> Result<Option<Browser>, StoreError> {
        let found = in_time(self.store.load(&key(cookie))).await;
        match found {
            Ok(found) => Ok(found.and_then(|(record, _)| read(&record))),
            // Sealed with a key that is not used any more.
            Err(StoreError::Unreadable) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a browser under a new value, which nobody can have known before.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails, or the machine has no random numbers.
    pub async fn keep(&self, browser: &Browser) -> Result<Secret, StoreError> {
        let cookie = cookie::new_value()?;
        let key = key(&cookie);
        in_time(self.store.create(&key, write(browser)?, TIME_TO_LIVE)).await?;
        Ok(cookie)
    }

    /// Changes what is kept, on top of what other windows have changed meanwhile. Nothing if the
    /// browser is not kept any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn change(
        &self,
        cookie: &Secret,
        change: impl Fn(&mut Browser),
    ) -> Result<Option<Browser>, StoreError> {
        let key = key(cookie);
        for _ in 0..TRIES {
            let Some((record, version)) = in_time(self.store.load(&key)).await? else {
                return Ok(None);
            };
            let mut browser = read(&record).unwrap_or_default();
            change(&mut browser);
            let record = write(&browser)?;
            let written = self
                .store
                .compare_and_swap(&key, version, record, TIME_TO_LIVE, None);
            match in_time(written).await {
                Ok(_) => return Ok(Some(browser)),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Forgets a browser: the value is worth nothing from now on.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn forget(&self, cookie: &Secret) -> Result<(), StoreError> {
        in_time(self.store.delete(&key(cookie))).await
    }
}

/// The store never sees the value of a cookie. No id of the SDK is hashed like this.
fn key(cookie: &Secret) -> StoreKey {
    let digest = Sha256::new()
        .chain_update("browser\0")
        .chain_update(cookie.expose());
    StoreKey::new(digest.finalize().into())
}

/// A record of another version of this program is as good as none.
fn read(record: &Record) -> Option<Browser> {
    serde_json::from_slice(record.expose()).ok()
}

fn write(browser: &Browser) -> Result<Record, StoreError> {
    let bytes = serde_json::to_vec(browser);
    let bytes = bytes.map_err(|_| StoreError::Unavailable(std::io::ErrorKind::InvalidData))?;
    Ok(Record::new(bytes))
}

async fn in_time<T>(step: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = StoreError::Unavailable(std::io::ErrorKind::TimedOut);
    tokio::time::timeout(PATIENCE, step)
        .await
        .unwrap_or(Err(late))
}
