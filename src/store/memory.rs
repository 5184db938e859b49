//! The store in memory: the default.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
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
}

#[derive(Debug, Default)]
struct Slots {
    by_key: HashMap<StoreKey, Slot>,
    /// Every slot by its end.
    by_end: BTreeSet<(Instant, StoreKey)>,
    /// The last version or fence of any key.
    last_number: u64,
}

/// The record and lease of one key. The slot is removed when both have ended.
#[derive(Debug, Default)]
struct Slot {
    record: Option<Stored>,
    lease: Option<Lease>,
}

#[derive(Debug)]
struct Stored {
    record: Record,
    version: Version,
    end: Instant,
}

/// The newest lease. Its fence stays valid after its end.
#[derive(Debug)]
struct Lease {
    fence: Fence,
    end: Instant,
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
        }
    }

    /// Removes some expired slots and runs one step.
    fn step<'a, T: 'a>(
        &'a self,
        step: impl FnOnce(&mut Slots, Instant) -> Result<T, StoreError> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        Box::pin(async move {
            let now = Instant::now();
            let mut slots = self.lock();
            slots.evict(now);
            step(&mut slots, now)
        })
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
    fn end(&self) -> Option<Instant> {
        let record = self.record.as_ref().map(|stored| stored.end);
        record.max(self.lease.as_ref().map(|lease| lease.end))
    }
}

impl Slots {
    fn evict(&mut self, now: Instant) {
        for _ in 0..EVICTED_PER_WRITE {
            match self.by_end.first().copied() {
                Some((end, key)) if end <= now => {
                    self.by_end.pop_first();
                    self.by_key.remove(&key);
                }
                _ => return,
            }
        }
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn version(&self, key: &StoreKey, now: Instant) -> Option<Version> {
        let stored = self.by_key.get(key)?.record.as_ref()?;
        (stored.end > now).then_some(stored.version)
    }

    fn lease(&self, key: &StoreKey) -> Option<&Lease> {
        self.by_key.get(key)?.lease.as_ref()
    }

    fn holds(&self, key: &StoreKey, fence: Fence, now: Instant) -> bool {
        self.lease(key)
            .is_some_and(|lease| lease.fence == fence && lease.end > now)
    }

    fn has_room_for(&self, key: &StoreKey, capacity: usize) -> bool {
        self.by_key.len() < capacity || self.by_key.contains_key(key)
    }

    /// Changes a slot and its position in `by_end`, or removes it if nothing is left.
    fn change(&mut self, key: &StoreKey, change: impl FnOnce(&mut Slot)) {
        let slot = self.by_key.entry(*key).or_default();
        let before = slot.end();
        change(slot);
        let after = slot.end();
        if let Some(before) = before {
            self.by_end.remove(&(before, *key));
        }
        match after {
            Some(after) => {
                self.by_end.insert((after, *key));
            }
            None => {
                self.by_key.remove(key);
            }
        }
    }

    fn write(&mut self, key: &StoreKey, record: Record, end: Instant) -> Version {
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

fn end_of(now: Instant, time_to_live: Duration) -> Instant {
    now + time_to_live.min(MAX_TIME_TO_LIVE)
}

impl SessionStore for MemoryStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(async move {
            let now = Instant::now();
            let slots = self.lock();
            let stored = slots.by_key.get(key).and_then(|slot| slot.record.as_ref());
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
            slots.change(key, |slot| slot.lease = Some(Lease { fence, end }));
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
            slots.change(key, |slot| slot.lease = Some(Lease { fence, end }));
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
                slots.change(key, |slot| slot.lease = Some(Lease { fence, end: now }));
            }
            Ok(())
        })
    }
}
