//! The store under test, with the operations that the cases use.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

use crate::store::{Fence, Record, SessionStore, StoreError, StoreKey, Version};

/// A time to live that does not expire while a case runs.
pub(super) const LONG: Duration = Duration::from_secs(120);

/// A time to live that a case waits for.
pub(super) const SHORT: Duration = Duration::from_millis(300);

/// How late a store may expire a record or a lease.
const EXPIRY_TOLERANCE: Duration = Duration::from_secs(5);

/// The result of a case or a step of it; an error describes the failure.
pub(super) type CaseResult<T = ()> = Result<T, String>;

/// The result of a store operation that a case expects to fail or checks itself.
pub(super) type StepResult<T> = Result<T, StoreError>;

#[derive(Clone)]
pub(super) struct TestStore {
    store: Arc<dyn SessionStore>,
}

impl TestStore {
    pub(super) fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { store }
    }

    /// A new random key.
    pub(super) fn key(&self) -> CaseResult<StoreKey> {
        let id = crate::random::id().map_err(|_| "the system has no random number generator")?;
        Ok(StoreKey::new(Sha256::digest(id.as_bytes()).into()))
    }

    pub(super) async fn load(&self, key: &StoreKey) -> CaseResult<Option<(Vec<u8>, Version)>> {
        let loaded = self.store.load(key).await;
        let loaded = loaded.map_err(|error| format!("load failed: {error}"))?;
        Ok(loaded.map(|(record, version)| (record.expose().to_vec(), version)))
    }

    pub(super) async fn try_create(
        &self,
        key: &StoreKey,
        body: &[u8],
        ttl: Duration,
    ) -> StepResult<Version> {
        let record = Record::new(body.to_vec());
        self.store.create(key, record, ttl).await
    }

    pub(super) async fn create(
        &self,
        key: &StoreKey,
        body: &[u8],
        ttl: Duration,
    ) -> CaseResult<Version> {
        let created = self.try_create(key, body, ttl).await;
        created.map_err(|error| format!("create failed: {error}"))
    }

    pub(super) async fn try_swap(
        &self,
        key: &StoreKey,
        expected: Version,
        body: &[u8],
        ttl: Duration,
        fence: Option<Fence>,
    ) -> StepResult<Version> {
        let record = Record::new(body.to_vec());
        let store = &self.store;
        let swap = store.compare_and_swap(key, expected, record, ttl, fence);
        swap.await
    }

    pub(super) async fn swap(
        &self,
        key: &StoreKey,
        expected: Version,
        body: &[u8],
        ttl: Duration,
        fence: Option<Fence>,
    ) -> CaseResult<Version> {
        let swapped = self.try_swap(key, expected, body, ttl, fence).await;
        swapped.map_err(|error| format!("compare_and_swap failed: {error}"))
    }

    pub(super) async fn delete(&self, key: &StoreKey) -> CaseResult {
        let deleted = self.store.delete(key).await;
        deleted.map_err(|error| format!("delete failed: {error}"))
    }

    pub(super) async fn try_acquire(
        &self,
        key: &StoreKey,
        ttl: Duration,
    ) -> CaseResult<Option<Fence>> {
        let acquired = self.store.acquire(key, ttl).await;
        acquired.map_err(|error| format!("acquire failed: {error}"))
    }

    pub(super) async fn acquire(&self, key: &StoreKey, ttl: Duration) -> CaseResult<Fence> {
        let acquired = self.try_acquire(key, ttl).await?;
        acquired.ok_or_else(|| "acquire returned no lease although none is held".to_owned())
    }

    pub(super) async fn try_extend(
        &self,
        key: &StoreKey,
        fence: Fence,
        ttl: Duration,
    ) -> StepResult<()> {
        self.store.extend(key, fence, ttl).await
    }

    pub(super) async fn extend(&self, key: &StoreKey, fence: Fence, ttl: Duration) -> CaseResult {
        let extended = self.try_extend(key, fence, ttl).await;
        extended.map_err(|error| format!("extend failed: {error}"))
    }

    pub(super) async fn release(&self, key: &StoreKey, fence: Fence) -> CaseResult {
        let released = self.store.release(key, fence).await;
        released.map_err(|error| format!("release failed: {error}"))
    }

    /// Fails unless this record is stored in this version.
    pub(super) async fn expect_record(
        &self,
        key: &StoreKey,
        body: &[u8],
        version: Version,
    ) -> CaseResult {
        match self.load(key).await? {
            Some((found, _)) if found != body => Err(format!(
                "a record of {} bytes was stored, a different one of {} bytes was loaded",
                body.len(),
                found.len()
            )),
            Some((_, found)) if found != version => Err(format!(
                "version {} was stored, version {} was loaded",
                version.0, found.0
            )),
            Some(_) => Ok(()),
            None => Err("the record is missing".to_owned()),
        }
    }

    /// Fails if a record is stored.
    pub(super) async fn expect_absent(&self, key: &StoreKey) -> CaseResult {
        match self.load(key).await? {
            Some(_) => Err("the record still exists".to_owned()),
            None => Ok(()),
        }
    }

    /// Waits until the record has expired.
    pub(super) async fn wait_until_expired(&self, key: &StoreKey) -> CaseResult {
        let started = Instant::now();
        while self.load(key).await?.is_some() {
            if started.elapsed() > SHORT + EXPIRY_TOLERANCE {
                return Err(format!(
                    "a record with a time to live of {} ms did not expire",
                    SHORT.as_millis()
                ));
            }
            sleep(SHORT / 10).await;
        }
        Ok(())
    }

    /// Waits until the lease can be acquired.
    pub(super) async fn wait_and_acquire(
        &self,
        key: &StoreKey,
        ttl: Duration,
    ) -> CaseResult<Fence> {
        let started = Instant::now();
        loop {
            if let Some(fence) = self.try_acquire(key, ttl).await? {
                return Ok(fence);
            }
            if started.elapsed() > SHORT + EXPIRY_TOLERANCE {
                return Err("a lease could not be acquired long after it expired".to_owned());
            }
            sleep(SHORT / 100).await;
        }
    }
}

/// Fails with `message` unless `condition` holds.
pub(super) fn ensure(condition: bool, message: &str) -> CaseResult {
    match condition {
        true => Ok(()),
        false => Err(message.to_owned()),
    }
}

/// Fails unless the operation failed with the expected error.
pub(super) fn expect_error<T>(
    result: StepResult<T>,
    is_expected: fn(&StoreError) -> bool,
    operation: &str,
) -> CaseResult {
    match result {
        Ok(_) => Err(format!("{operation} succeeded")),
        Err(error) if is_expected(&error) => Ok(()),
        Err(error) => Err(format!(
            "{operation} failed with an unexpected error: {error}"
        )),
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
