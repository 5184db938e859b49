//! The store in memory: the default.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Fence, MAX_TIME_TO_LIVE, Record, SessionStore, StoreError, StoreKey, Version};
use crate::clock::BoxFuture;

/// How many expired slots are removed before each write: more than the one that a write may add, so
/// that the store shrinks, and few, so that no write takes long.
const EVICTED_PER_WRITE: usize = 8;

/// A store in memory. Records and leases are lost when the process ends.
///
/// Its size is bounded. Expired records are not returned, and are removed by later writes; there is
/// no task and no timer per session.
#[derive(Debug)]
pub struct MemoryStore {
    slots: Mutex<Slots>,
    capacity: usize,
    created: Instant,
}

/// Two indexes of the same slots. A session takes a pointer in each of them, because a hash set has up to
/// twice as many places as entries.
#[derive(Debug, Default)]
struct Slots {
    by_key: HashSet<SlotRef>,
    by_end: BTreeSet<(Nanos, SlotRef)>,
    /// The last version or fence of any key.
    last_number: u64,
}

/// A time in nanoseconds since the store was created, in half the size of an [`Instant`].
type Nanos = u64;

/// The record and lease of one key. The slot is removed when both have ended.
#[derive(Clone, Debug)]
struct Slot {
    key: StoreKey,
    record: Option<Stored>,
    /// Boxed, because a session has none before its first refresh.
    lease: Option<Box<Lease>>,
}

/// A slot that is hashed and ordered by its key.
#[derive(Clone, Debug)]
struct SlotRef(Arc<Slot>);

#[derive(Clone, Debug)]
struct Stored {
    record: Record,
    version: Version,
    end: Nanos,
}

/// The newest lease. Its fence stays valid after its end.
#[derive(Clone, Debug)]
struct Lease {
    fence: Fence,
    end: Nanos,
}

impl MemoryStore {
    /// Creates a store for up to a million sessions.
    pub fn new() -> Self {
        Self::with_capacity(1_000_000)
    }

    /// Creates a store that fails with [`StoreError::Full`] for new sessions and leases above
    /// `capacity`.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            slots: Mutex::default(),
            capacity,
            created: Instant::now(),
        }
    }

    /// Removes some expired slots and runs one step.
    fn step<'a, T: 'a>(
        &'a self,
        step: impl FnOnce(&mut Slots, Nanos) -> Result<T, StoreError> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        Box::pin(async move {
            let now = self.now();
            let mut slots = self.lock();
            slots.evict(now);
            step(&mut slots, now)
        })
    }

    fn now(&self) -> Nanos {
        nanos(self.created.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        // No method panics between two changes that belong together.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Slot {
    fn empty(key: StoreKey) -> Self {
        Self {
            key,
            record: None,
            lease: None,
        }
    }

    fn end(&self) -> Option<Nanos> {
        let record = self.record.as_ref().map(|stored| stored.end);
        record.max(self.lease.as_ref().map(|lease| lease.end))
    }
}

impl Borrow<StoreKey> for SlotRef {
    fn borrow(&self) -> &StoreKey {
        &self.0.key
    }
}

impl Hash for SlotRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key.hash(state);
    }
}

impl PartialEq for SlotRef {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for SlotRef {}

impl Ord for SlotRef {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key.cmp(&other.0.key)
    }
}

impl PartialOrd for SlotRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Slots {
    fn evict(&mut self, now: Nanos) {
        for _ in 0..EVICTED_PER_WRITE {
            match self.by_end.first() {
                Some((end, _)) if *end <= now => {}
                _ => return,
            }
            if let Some((_, slot)) = self.by_end.pop_first() {
                self.by_key.remove(&slot);
            }
        }
    }

    fn slot(&self, key: &StoreKey) -> Option<&Slot> {
        self.by_key.get(key).map(|slot| &*slot.0)
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn version(&self, key: &StoreKey, now: Nanos) -> Option<Version> {
        let stored = self.slot(key)?.record.as_ref()?;
        (stored.end > now).then_some(stored.version)
    }

    fn lease(&self, key: &StoreKey) -> Option<&Lease> {
        self.slot(key)?.lease.as_deref()
    }

    fn holds(&self, key: &StoreKey, fence: Fence, now: Nanos) -> bool {
        self.lease(key)
            .is_some_and(|lease| lease.fence == fence && lease.end > now)
    }

    fn has_room_for(&self, key: &StoreKey, capacity: usize) -> bool {
        self.by_key.len() < capacity || self.by_key.contains(key)
    }

    /// Replaces a slot by a changed one, or removes it if nothing is left.
    fn change(&mut self, key: &StoreKey, change: impl FnOnce(&mut Slot)) {
        let mut slot = match self.by_key.take(key) {
            Some(slot) => {
                let content = Slot::clone(&slot.0);
                if let Some(end) = content.end() {
                    self.by_end.remove(&(end, slot));
                }
                content
            }
            None => Slot::empty(*key),
        };
        change(&mut slot);
        if let Some(end) = slot.end() {
            let slot = SlotRef(Arc::new(slot));
            self.by_end.insert((end, slot.clone()));
            self.by_key.insert(slot);
        }
    }

    fn write(&mut self, key: &StoreKey, record: Record, end: Nanos) -> Version {
        let version = Version(self.next_number());
        let stored = Stored {
            record,
            version,
            end,
        };
        self.change(key, |slot| slot.record = Some(stored));
        version
    }
}

fn end_of(now: Nanos, time_to_live: Duration) -> Nanos {
    now.saturating_add(nanos(time_to_live.min(MAX_TIME_TO_LIVE)))
}

/// Enough for 584 years.
fn nanos(time: Duration) -> Nanos {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl SessionStore for MemoryStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(async move {
            let now = self.now();
            let slots = self.lock();
            let stored = slots.slot(key).and_then(|slot| slot.record.as_ref());
            let found = stored.filter(|stored| stored.end > now);
            Ok(found.map(|stored| (stored.record.clone(), stored.version)))
        })
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        self.step(move |slots, now| {
            if slots.version(key, now).is_some() {
                return Err(StoreError::Exists);
            }
            if !slots.has_room_for(key, self.capacity) {
                return Err(StoreError::Full);
            }
            Ok(slots.write(key, record, end_of(now, time_to_live)))
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
        self.step(move |slots, now| {
            let newest = slots.lease(key).map(|lease| lease.fence);
            if fence.is_some() && fence != newest {
                return Err(StoreError::LeaseLost);
            }
            if slots.version(key, now) != Some(expected) {
                return Err(StoreError::Conflict);
            }
            Ok(slots.write(key, record, end_of(now, time_to_live)))
        })
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        self.step(move |slots, now| {
            slots.change(key, |slot| {
                slot.record = None;
                slot.lease.take_if(|lease| lease.end <= now);
            });
            Ok(())
        })
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        self.step(move |slots, now| {
            if slots.lease(key).is_some_and(|lease| lease.end > now) {
                return Ok(None);
            }
            if !slots.has_room_for(key, self.capacity) {
                return Err(StoreError::Full);
            }
            let fence = Fence(slots.next_number());
            let end = end_of(now, time_to_live);
            slots.change(key, |slot| {
                slot.lease = Some(Box::new(Lease { fence, end }))
            });
            Ok(Some(fence))
        })
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.step(move |slots, now| {
            if !slots.holds(key, fence, now) {
                return Err(StoreError::LeaseLost);
            }
            let end = end_of(now, time_to_live);
            slots.change(key, |slot| {
                slot.lease = Some(Box::new(Lease { fence, end }))
            });
            Ok(())
        })
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.step(move |slots, now| {
            if slots.holds(key, fence, now) {
                slots.change(key, |slot| {
                    slot.lease = Some(Box::new(Lease { fence, end: now }))
                });
            }
            Ok(())
        })
    }
}
