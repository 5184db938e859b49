//! A lock for each key that is in use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::store::StoreKey;

/// Locks by key. A key that is not locked needs no memory for long.
#[derive(Default)]
pub(super) struct KeyedLocks(Mutex<HashMap<StoreKey, Weak<tokio::sync::Mutex<()>>>>);

impl KeyedLocks {
    /// Waits for the lock on `key`.
    pub(super) async fn lock(&self, key: StoreKey) -> OwnedMutexGuard<()> {
        self.of(key).lock_owned().await
    }

    /// Waits for the lock on `key` if it is held; returns whether it was.
    pub(super) async fn wait(&self, key: &StoreKey) -> bool {
        let held = {
            let locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            locks.get(key).and_then(Weak::upgrade)
        };
        match held {
            Some(lock) => drop(lock.lock().await),
            None => return false,
        }
        true
    }

    fn of(&self, key: StoreKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        if locks.len() == locks.capacity() {
            locks.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::default();
        locks.insert(key, Arc::downgrade(&lock));
        lock
    }
}
