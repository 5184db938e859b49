//! A store that works until a test makes it stubborn, and counts its steps.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use vestibule::BoxFuture;
use vestibule::store::{Fence, Record, SessionStore, StoreError, StoreKey, Version};

use super::support::rewindable_store::{RewindableStore, Snapshot};

/// What the store does instead of working. It responds at once, unless it is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Works,
    /// Every write conflicts.
    Conflicts,
    /// Another holder has every lease.
    Held,
    /// Every lease is lost before a write under it.
    LosesLeases,
    /// No record is found, although it can be created again and again.
    Gone,
    /// Every write is acknowledged and lost.
    RollsBack,
    /// Every load finds what another instance has just written.
    Changes,
    /// Every load finds another branch of the session.
    Forks,
    Fails,
    Full,
    ReadOnly,
    /// Every write of a record happens, and fails because too few replicas have it.
    TooFewReplicas,
    /// Another instance has written every record and sealed it with other keys.
    Unreadable,
    /// No step ever responds.
    Silent,
    /// No write ever responds.
    SilentWrites,
}

impl Mood {
    pub const STUBBORN: [Self; 14] = [
        Self::Conflicts,
        Self::Held,
        Self::LosesLeases,
        Self::Gone,
        Self::RollsBack,
        Self::Changes,
        Self::Forks,
        Self::Fails,
        Self::Full,
        Self::ReadOnly,
        Self::TooFewReplicas,
        Self::Unreadable,
        Self::Silent,
        Self::SilentWrites,
    ];
}

pub struct StubbornStore {
    inner: RewindableStore,
    mood: Mutex<(Mood, Snapshot)>,
    steps: AtomicUsize,
    loads: AtomicUsize,
    changes: AtomicU64,
}

impl StubbornStore {
    pub fn new() -> Self {
        Self {
            inner: RewindableStore::default(),
            mood: Mutex::new((Mood::Works, Snapshot::default())),
            steps: AtomicUsize::new(0),
            loads: AtomicUsize::new(0),
            changes: AtomicU64::new(1),
        }
    }

    pub fn set(&self, mood: Mood) {
        let snapshot = self.inner.snapshot();
        *self.lock() = (mood, snapshot);
    }

    /// Loses all records and leases.
    pub fn lose_everything(&self) {
        self.inner.go_back_to(&Snapshot::default());
    }

    /// The version of the only record.
    pub fn only_version(&self) -> Option<Version> {
        self.inner.only_record().map(|(_, version)| version)
    }

    /// Ends all leases, as if they had run out.
    pub fn forget_leases(&self) {
        self.inner.forget_leases();
    }

    /// The number of steps so far.
    pub fn steps(&self) -> usize {
        self.steps.load(Ordering::SeqCst)
    }

    /// The number of loads so far.
    pub fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, (Mood, Snapshot)> {
        self.mood.lock().expect("the lock is not poisoned")
    }

    /// Counts a step; fails if none may be taken.
    async fn begin(&self) -> Result<Mood, StoreError> {
        self.steps.fetch_add(1, Ordering::SeqCst);
        let mood = self.lock().0;
        match mood {
            Mood::Fails => Err(StoreError::Unavailable(io::ErrorKind::ConnectionRefused)),
            Mood::Silent => std::future::pending().await,
            mood => Ok(mood),
        }
    }

    /// A write that the mood allows.
    async fn begin_write(&self) -> Result<Mood, StoreError> {
        match self.begin().await? {
            Mood::Full => Err(StoreError::Full),
            Mood::ReadOnly => Err(StoreError::ReadOnly),
            Mood::SilentWrites => std::future::pending().await,
            mood => Ok(mood),
        }
    }

    /// Ends a write: a store that rolls back has lost it.
    fn end_write<T>(&self, mood: Mood, written: Result<T, StoreError>) -> Result<T, StoreError> {
        if mood == Mood::RollsBack {
            self.inner.go_back_to(&self.lock().1);
        }
        if mood == Mood::TooFewReplicas && written.is_ok() {
            return Err(StoreError::TooFewReplicas);
        }
        written
    }

    /// The record as another instance would have written it.
    fn changed(&self, record: &Record, version: Version, is_branch: bool) -> (Record, Version) {
        let number = self.changes.fetch_add(1, Ordering::SeqCst);
        let mut stored: Value = serde_json::from_slice(record.expose()).expect("plain records");
        let mut writes = vec![json!(1_000_000 + number)];
        if !is_branch {
            writes.extend(stored["lineage"]["writes"].as_array().cloned().unwrap());
        }
        stored["lineage"]["writes"] = Value::Array(writes);
        if stored["tokens"].is_object() {
            stored["tokens"]["access"] = json!(format!("access-of-another-{number}"));
        }
        let record = Record::new(serde_json::to_vec(&stored).unwrap());
        (record, Version(version.0 + number))
    }
}

impl SessionStore for StubbornStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(async move {
            self.loads.fetch_add(1, Ordering::SeqCst);
            let mood = self.begin().await?;
            let found = self.inner.load(key).await?;
            Ok(match mood {
                Mood::Gone => None,
                Mood::Unreadable => return Err(StoreError::Unreadable),
                Mood::Changes | Mood::Forks => found
                    .map(|(record, version)| self.changed(&record, version, mood == Mood::Forks)),
                _ => found,
            })
        })
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move {
            let mood = self.begin_write().await?;
            if mood == Mood::Conflicts {
                return Err(StoreError::Exists);
            }
            if mood == Mood::Gone {
                self.inner.delete(key).await?;
            }
            let created = self.inner.create(key, record, time_to_live).await;
            self.end_write(mood, created)
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
            let mood = self.begin_write().await?;
            match mood {
                Mood::LosesLeases if fence.is_some() => return Err(StoreError::LeaseLost),
                Mood::Conflicts | Mood::Gone | Mood::Changes | Mood::Forks | Mood::Unreadable => {
                    return Err(StoreError::Conflict);
                }
                _ => {}
            }
            let swap = self
                .inner
                .compare_and_swap(key, expected, record, time_to_live, fence);
            let swapped = swap.await;
            self.end_write(mood, swapped)
        })
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mood = self.begin_write().await?;
            let deleted = self.inner.delete(key).await;
            self.end_write(mood, deleted)
        })
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        Box::pin(async move {
            let mood = self.begin_write().await?;
            if mood == Mood::Held {
                return Ok(None);
            }
            self.inner.acquire(key, time_to_live).await
        })
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.begin_write().await?;
            self.inner.extend(key, fence, time_to_live).await
        })
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.begin_write().await?;
            self.inner.release(key, fence).await
        })
    }
}
