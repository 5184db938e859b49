//! The store, as one instance calls it: steps take time and are counted.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tokio::time::sleep;
use vestibule::BoxFuture;
use vestibule::store::{Fence, Record, SessionStore, StoreError, StoreKey, Version};

use crate::rewindable_store::RewindableStore;
use crate::simulation::{Liveness, Simulation};

pub struct SimulatedStore {
    pub store: Arc<RewindableStore>,
    pub simulation: Arc<Simulation>,
    pub liveness: Liveness,
}

type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl SimulatedStore {
    fn step<'a, T: Send + 'a>(&'a self, work: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        Box::pin(async move {
            self.liveness.check().await;
            self.simulation.store_steps.fetch_add(1, SeqCst);
            let (before, after) = self.simulation.store_time();
            sleep(before).await;
            if self.simulation.store_is_unreachable() {
                return Err(StoreError::Unavailable(io::ErrorKind::ConnectionRefused));
            }
            let done = work.await;
            sleep(after).await;
            self.liveness.check().await;
            done
        })
    }
}

impl SessionStore for SimulatedStore {
    fn load<'a>(&'a self, key: &'a StoreKey) -> StoreFuture<'a, Option<(Record, Version)>> {
        self.step(self.store.load(key))
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> StoreFuture<'a, Version> {
        self.step(self.store.create(key, record, time_to_live))
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> StoreFuture<'a, Version> {
        let work = self
            .store
            .compare_and_swap(key, expected, record, time_to_live, fence);
        self.step(work)
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> StoreFuture<'a, ()> {
        self.step(self.store.delete(key))
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> StoreFuture<'a, Option<Fence>> {
        self.step(self.store.acquire(key, time_to_live))
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> StoreFuture<'a, ()> {
        self.step(self.store.extend(key, fence, time_to_live))
    }

    fn release<'a>(&'a self, key: &'a StoreKey, fence: Fence) -> StoreFuture<'a, ()> {
        self.step(self.store.release(key, fence))
    }
}
