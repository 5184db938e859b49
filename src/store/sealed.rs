//! A wrapper that seals the records of any store.

use std::time::Duration;

use super::{Fence, IndexKeys, Record, Sealing, SessionStore, StoreError, StoreKey, Version};
use crate::clock::BoxFuture;

/// A store that seals records before they reach the inner store.
///
/// `SqliteStore`, `RedisStore` and `PostgresStore` seal by themselves; this is for custom stores.
///
/// ```
/// use vestibule::store::{MemoryStore, Sealed, Sealing, SealingKey};
///
/// let key = SealingKey::generate(1)?;
/// let store = Sealed::new(MemoryStore::new(), Sealing::keys(key, []));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sealed<S> {
    inner: S,
    sealing: Sealing,
}

impl<S: SessionStore> Sealed<S> {
    /// Wraps `inner`.
    pub fn new(inner: S, sealing: Sealing) -> Self {
        Self { inner, sealing }
    }

    /// Returns the inner store.
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: SessionStore> SessionStore for Sealed<S> {
    fn index_keys(&self) -> IndexKeys {
        self.sealing.index_keys()
    }

    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(async move {
            match self.inner.load(key).await? {
                Some((stored, version)) => Ok(Some((self.sealing.open(key, &stored)?, version))),
                None => Ok(None),
            }
        })
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move {
            let sealed = self.sealing.seal(key, &record)?;
            self.inner.create(key, sealed, time_to_live).await
        })
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move {
            let sealed = self.sealing.seal(key, &record)?;
            let write = self
                .inner
                .compare_and_swap(key, expected, sealed, time_to_live, fence);
            write.await
        })
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.delete(key)
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        self.inner.acquire(key, time_to_live)
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.extend(key, fence, time_to_live)
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.release(key, fence)
    }
}
