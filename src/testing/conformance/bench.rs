//! The store under test, with the steps as the cases need them.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

use crate::store::{Fence, Record, SessionStore, StoreError, StoreKey, Version};

/// Long enough not to pass while a case runs.
pub(super) const LONG: Duration = Duration::from_secs(120);

/// Short enough to wait for.
pub(super) const SHORT: Duration = Duration::from_millis(300);

/// How long a store may take to notice that a time is over.
const LATENESS: Duration = Duration::from_secs(5);

/// What a step answers, without what it answers it about.
pub(super) type MockResponse<T> = Result<T, StoreError>;

#[derive(Clone)]
pub(super) struct Bench {
    store: Arc<dyn SessionStore>,
}

impl Bench {
    pub(super) fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { store }
    }

    /// A key that nobody has used.
    pub(super) fn key(&self) -> Result<StoreKey, String> {
        let id = crate::random::id().map_err(|_| "this machine gives no random numbers")?;
        Ok(StoreKey::new(Sha256::digest(id.as_bytes()).into()))
    }

    pub(super) async fn load(&self, key: &StoreKey) -> Result<Option<(Vec<u8>, Version)>, String> {
        let loaded = self.store.load(key).await;
        let loaded = loaded.map_err(|error| format!("loading failed: {error}"))?;
        Ok(loaded.map(|(record, version)| (record.expose().to_vec(), version)))
    }

    pub(super) async fn try_create(
        &self,
        key: &StoreKey,
        body: &[u8],
        time_to_live: Duration,
    ) -> MockResponse<Version> {
        let record = Record::new(body.to_vec());
        self.store.create(key, record, time_to_live).await
    }

    pub(super) async fn create(
        &self,
        key: &StoreKey,
        body: &[u8],
        time_to_live: Duration,
    ) -> Result<Version, String> {
        let created = self.try_create(key, body, time_to_live).await;
        created.map_err(|error| format!("creating failed: {error}"))
    }

    pub(super) async fn try_swap(
        &self,
        key: &StoreKey,
        expected: Version,
        body: &[u8],
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> MockResponse<Version> {
        let record = Record::new(body.to_vec());
        let store = &self.store;
        let swap = store.compare_and_swap(key, expected, record, time_to_live, fence);
        swap.await
    }

    pub(super) async fn swap(
        &self,
        key: &StoreKey,
        expected: Version,
        body: &[u8],
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> Result<Version, String> {
        let swapped = self
            .try_swap(key, expected, body, time_to_live, fence)
            .await;
        swapped.map_err(|error| format!("swapping failed: {error}"))
    }

    pub(super) async fn delete(&self, key: &StoreKey) -> Result<(), String> {
        let deleted = self.store.delete(key).await;
        deleted.map_err(|error| format!("deleting failed: {error}"))
    }

    pub(super) async fn try_acquire(
        &self,
        key: &StoreKey,
        time_to_live: Duration,
    ) -> Result<Option<Fence>, String> {
        let acquired = self.store.acquire(key, time_to_live).await;
        acquired.map_err(|error| format!("acquiring failed: {error}"))
    }

    pub(super) async fn acquire(
        &self,
        key: &StoreKey,
        time_to_live: Duration,
    ) -> Result<Fence, String> {
        let acquired = self.try_acquire(key, time_to_live).await?;
        acquired.ok_or_else(|| "the lease was refused although nobody holds it".to_owned())
    }

    pub(super) async fn try_extend(
        &self,
        key: &StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> MockResponse<()> {
        self.store.extend(key, fence, time_to_live).await
    }

    pub(super) async fn extend(
        &self,
        key: &StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> Result<(), String> {
        let extended = self.try_extend(key, fence, time_to_live).await;
        extended.map_err(|error| format!("extending failed: {error}"))
    }

    pub(super) async fn release(&self, key: &StoreKey, fence: Fence) -> Result<(), String> {
        let released = self.store.release(key, fence).await;
        released.map_err(|error| format!("releasing failed: {error}"))
    }

    /// Whether the record is this one, in this version.
    pub(super) async fn holds(
        &self,
        key: &StoreKey,
        body: &[u8],
        version: Version,
    ) -> Result<(), String> {
        match self.load(key).await? {
            Some((found, _)) if found != body => Err(format!(
                "a record of {} bytes was loaded as another one of {} bytes",
                body.len(),
                found.len()
            )),
            Some((_, found)) if found != version => {
                Err(format!("version {} was loaded as {}", version.0, found.0))
            }
            Some(_) => Ok(()),
            None => Err("the record is gone".to_owned()),
        }
    }

    pub(super) async fn is_gone(&self, key: &StoreKey) -> Result<(), String> {
        match self.load(key).await? {
            Some(_) => Err("the record is still there".to_owned()),
            None => Ok(()),
        }
    }

    /// Waits until the record has expired.
    pub(super) async fn wait_until_gone(&self, key: &StoreKey) -> Result<(), String> {
        let begun = Instant::now();
        while self.load(key).await?.is_some() {
            if begun.elapsed() > SHORT + LATENESS {
                return Err(format!(
                    "a record of {} ms did not expire",
                    SHORT.as_millis()
                ));
            }
            sleep(SHORT / 10).await;
        }
        Ok(())
    }

    /// Waits until the lease can be taken.
    pub(super) async fn wait_and_acquire(
        &self,
        key: &StoreKey,
        time_to_live: Duration,
    ) -> Result<Fence, String> {
        let begun = Instant::now();
        loop {
            if let Some(fence) = self.try_acquire(key, time_to_live).await? {
                return Ok(fence);
            }
            if begun.elapsed() > SHORT + LATENESS {
                return Err("a lease could not be taken long after its end".to_owned());
            }
            sleep(SHORT / 100).await;
        }
    }
}

/// Complains unless something is so.
pub(super) fn ensure(so: bool, complaint: &str) -> Result<(), String> {
    if so {
        Ok(())
    } else {
        Err(complaint.to_owned())
    }
}

/// Complains unless the step was refused with this error.
pub(super) fn refused<T>(
    answer: MockResponse<T>,
    right: fn(&StoreError) -> bool,
    step: &str,
) -> Result<(), String> {
    match answer {
        Ok(_) => Err(format!("{step} was not refused")),
        Err(error) if right(&error) => Ok(()),
        Err(error) => Err(format!("{step} was refused with another error: {error}")),
    }
}

pub(super) fn conflict(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict)
}

pub(super) fn exists(error: &StoreError) -> bool {
    matches!(error, StoreError::Exists)
}

pub(super) fn lease_lost(error: &StoreError) -> bool {
    matches!(error, StoreError::LeaseLost)
}
