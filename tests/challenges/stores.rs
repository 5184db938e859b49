//! Stores that instances share, and one that fails or yields on request of a test.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use vestibule::BoxFuture;
use vestibule::store::{Fence, MemoryStore, Record, SessionStore, StoreError, StoreKey, Version};

use crate::support::forwarded_steps::forwarded_steps;

pub type Store = Arc<dyn SessionStore>;

/// A shared store, opened by each instance.
pub enum SharedStore {
    Memory(Store),
    #[cfg(feature = "redis")]
    Redis(crate::support::redis_server::RedisServer),
    #[cfg(all(feature = "postgres", target_os = "linux"))]
    Postgres(crate::support::postgres_server::PostgresServer),
}

impl SharedStore {
    pub fn memory() -> Self {
        Self::Memory(Arc::new(MemoryStore::new()))
    }

    /// Every kind of store under test.
    pub fn all() -> Vec<Self> {
        vec![
            Self::memory(),
            #[cfg(feature = "redis")]
            Self::Redis(crate::support::redis_server::RedisServer::start()),
            #[cfg(all(feature = "postgres", target_os = "linux"))]
            Self::Postgres(crate::support::postgres_server::PostgresServer::start()),
        ]
    }

    /// Opens the store for another instance: for Redis and PostgreSQL, with new connections.
    pub async fn open(&self) -> Store {
        match self {
            Self::Memory(store) => store.clone(),
            #[cfg(feature = "redis")]
            Self::Redis(server) => {
                use vestibule::store::{RedisStore, Sealing, SealingKey};
                let sealing = Sealing::keys(SealingKey::new(1, [9; 32]), []);
                let store = RedisStore::open(server.url(), sealing).await;
                Arc::new(store.unwrap())
            }
            #[cfg(all(feature = "postgres", target_os = "linux"))]
            Self::Postgres(server) => {
                use vestibule::store::{PostgresStore, Sealing, SealingKey};
                let sealing = Sealing::keys(SealingKey::new(1, [9; 32]), []);
                let store = PostgresStore::open(server.url(), sealing).await;
                Arc::new(store.unwrap())
            }
        }
    }
}

/// A store in memory that can be switched off or made to hang, and that yields around every
/// operation.
#[derive(Default)]
pub struct FaultyStore {
    inner: MemoryStore,
    down: AtomicBool,
    hanging: AtomicBool,
    read_only: AtomicBool,
    loading: AtomicUsize,
    max_loading: AtomicUsize,
}

impl FaultyStore {
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    pub fn set_hanging(&self, hanging: bool) {
        self.hanging.store(hanging, Ordering::SeqCst);
    }

    /// Simulates a full disk or a replica.
    pub fn set_read_only(&self, read_only: bool) {
        self.read_only.store(read_only, Ordering::SeqCst);
    }

    /// The largest number of concurrent loads since the last call.
    pub fn take_max_loading(&self) -> usize {
        self.max_loading.swap(0, Ordering::SeqCst)
    }

    fn change<'a, T: Send + 'a>(
        &'a self,
        step: BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        if self.read_only.load(Ordering::SeqCst) {
            return Box::pin(std::future::ready(Err(StoreError::Full)));
        }
        self.step(step)
    }

    fn step<'a, T: Send + 'a>(
        &'a self,
        step: BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if self.down.load(Ordering::SeqCst) {
                return Err(StoreError::Unavailable(io::ErrorKind::ConnectionRefused));
            }
            if self.hanging.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let done = step.await;
            tokio::task::yield_now().await;
            done
        })
    }
}

impl SessionStore for FaultyStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(async move {
            let loading = self.loading.fetch_add(1, Ordering::SeqCst) + 1;
            self.max_loading.fetch_max(loading, Ordering::SeqCst);
            let loaded = self.step(self.inner.load(key)).await;
            self.loading.fetch_sub(1, Ordering::SeqCst);
            loaded
        })
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        self.change(self.inner.create(key, record, time_to_live))
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        let inner = &self.inner;
        self.change(inner.compare_and_swap(key, expected, record, time_to_live, fence))
    }

    forwarded_steps!();
}
