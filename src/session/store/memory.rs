//! Sessions in the memory of this process: the default.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Record, SessionStore, StoreError, StoreKey, Version};
use crate::clock::BoxFuture;

/// How many records are held before the first look for expired ones.
const FIRST_SWEEP: usize = 1024;

/// A store in memory. Records are gone when the process ends.
///
/// Expired records are not returned, and are removed when the store has doubled since the last
/// look; there is no task and no timer per session.
#[derive(Debug)]
pub struct MemoryStore {
    records: Mutex<Records>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Records {
    by_key: HashMap<StoreKey, Entry>,
    sweep_at: usize,
    last_version: u64,
}

#[derive(Debug)]
struct Entry {
    record: Record,
    version: Version,
    expires: Instant,
}

impl MemoryStore {
    /// A store for up to a million sessions.
    pub fn new() -> Self {
        Self::with_capacity(1_000_000)
    }

    /// A store that refuses new sessions above `capacity`.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            records: Mutex::default(),
            capacity,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        // Every write below is a single insertion or removal, so no panic leaves it half done.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Records {
    fn live(&mut self, key: &StoreKey) -> Option<&mut Entry> {
        self.by_key
            .get_mut(key)
            .filter(|entry| entry.expires > Instant::now())
    }

    fn write(&mut self, key: &StoreKey, record: Record, time_to_live: Duration) -> Version {
        self.last_version += 1;
        let version = Version(self.last_version);
        let now = Instant::now();
        let expires = now
            .checked_add(time_to_live)
            .unwrap_or_else(|| now + Duration::from_secs(365 * 24 * 3600));
        self.by_key.insert(
            *key,
            Entry {
                record,
                version,
                expires,
            },
        );
        version
    }

    fn sweep(&mut self) {
        let now = Instant::now();
        self.by_key.retain(|_, entry| entry.expires > now);
        self.sweep_at = (self.by_key.len() * 2).max(FIRST_SWEEP);
    }
}

impl SessionStore for MemoryStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        let found = self
            .lock()
            .live(key)
            .map(|entry| (entry.record.clone(), entry.version));
        Box::pin(std::future::ready(Ok(found)))
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        let mut records = self.lock();
        if records.by_key.len() >= records.sweep_at.min(self.capacity) {
            records.sweep();
        }
        let result = if records.live(key).is_some() {
            Err(StoreError::Exists)
        } else if records.by_key.len() >= self.capacity {
            Err(StoreError::Full)
        } else {
            Ok(records.write(key, record, time_to_live))
        };
        Box::pin(std::future::ready(result))
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        let mut records = self.lock();
        let current = records.live(key).map(|entry| entry.version);
        let result = if current == Some(expected) {
            Ok(records.write(key, record, time_to_live))
        } else {
            Err(StoreError::Conflict)
        };
        Box::pin(std::future::ready(result))
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        self.lock().by_key.remove(key);
        Box::pin(std::future::ready(Ok(())))
    }
}
