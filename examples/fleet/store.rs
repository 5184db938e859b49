//! The one store, as one instance reaches it: its steps take time and are counted.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tokio::time::sleep;
use vestibule::BoxFuture;
use vestibule::store::{Fence, MemoryStore, Record, SessionStore, StoreError, StoreKey, Version};

use crate::simulation::{Alive, STORE_TRIP, Simulation};

pub struct Reached {
    pub store: Arc<MemoryStore>,
    pub simulation: Arc<Simulation>,
    pub alive: Alive,
}

type Done<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl Reached {
    fn step<'a, T: Send + 'a>(&'a self, work: Done<'a, T>) -> Done<'a, T> {
        Box::pin(async move {
            self.alive.check().await;
            self.simulation.store_steps.fetch_add(1, SeqCst);
            sleep(STORE_TRIP / 2).await;
            if self.simulation.store_is_away() {
                return Err(StoreError::Unavailable(io::ErrorKind::ConnectionRefused));
            }
            let done = work.await;
            sleep(STORE_TRIP / 2).await;
            self.alive.check().await;
            done
        })
    }
}

impl SessionStore for Reached {
    fn load<'a>(&'a self, key: &'a StoreKey) -> Done<'a, Option<(Record, Version)>> {
        self.step(self.store.load(key))
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> Done<'a, Version> {
        self.step(self.store.create(key, record, time_to_live))
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> Done<'a, Version> {
        let work = self
            .store
            .compare_and_swap(key, expected, record, time_to_live, fence);
        self.step(work)
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> Done<'a, ()> {
        self.step(self.store.delete(key))
    }

    fn acquire<'a>(&'a self, key: &'a StoreKey, time_to_live: Duration) -> Done<'a, Option<Fence>> {
        self.step(self.store.acquire(key, time_to_live))
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> Done<'a, ()> {
        self.step(self.store.extend(key, fence, time_to_live))
    }

    fn release<'a>(&'a self, key: &'a StoreKey, fence: Fence) -> Done<'a, ()> {
        self.step(self.store.release(key, fence))
    }
}
