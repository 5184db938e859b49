//! A store in memory that can go back to an earlier state, as a database does after a fail-over or
//! when it loads an old snapshot.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;
use vestibule::BoxFuture;
use vestibule::store::{Fence, Record, SessionStore, StoreError, StoreKey, Version};

#[derive(Clone, Default)]
struct Slot {
    record: Option<(Record, Version, Instant)>,
    lease: Option<(Fence, Instant)>,
}

/// The state of the store at one time.
#[derive(Clone, Default)]
pub struct Snapshot(HashMap<StoreKey, Slot>);

#[derive(Default)]
struct Content {
    slots: HashMap<StoreKey, Slot>,
    /// It never goes back, like the numbers of a store that takes them from the clock.
    last_number: u64,
}

#[derive(Default)]
pub struct RewindableStore(Mutex<Content>);

impl RewindableStore {
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.lock().slots.clone())
    }

    /// Loses everything that was written since the snapshot.
    pub fn go_back_to(&self, snapshot: &Snapshot) {
        self.lock().slots = snapshot.0.clone();
    }

    /// Another store with the same content.
    pub fn copy(&self) -> Self {
        let content = self.lock();
        Self(Mutex::new(Content {
            slots: content.slots.clone(),
            last_number: content.last_number,
        }))
    }

    /// Ends all leases, as if they had run out.
    pub fn forget_leases(&self) {
        for slot in self.lock().slots.values_mut() {
            slot.lease = None;
        }
    }

    /// The only record, and its version.
    pub fn only_record(&self) -> Option<(Record, Version)> {
        let content = self.lock();
        let mut records = content
            .slots
            .values()
            .filter_map(|slot| slot.live_record(Instant::now()));
        let only = records.next();
        assert!(records.next().is_none(), "more than one record");
        only
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().expect("the lock is not poisoned")
    }

    fn step<'a, T: Send + 'a>(
        &'a self,
        step: impl FnOnce(&mut Content, Instant) -> T + Send + 'a,
    ) -> BoxFuture<'a, T> {
        Box::pin(async move { step(&mut self.lock(), Instant::now()) })
    }
}

impl Slot {
    fn live_record(&self, now: Instant) -> Option<(Record, Version)> {
        let (record, version, _) = self.record.as_ref().filter(|(_, _, end)| *end > now)?;
        Some((record.clone(), *version))
    }

    fn lease_is_held(&self, now: Instant) -> bool {
        self.lease.is_some_and(|(_, end)| end > now)
    }

    fn is_held_by(&self, fence: Fence, now: Instant) -> bool {
        self.lease
            .is_some_and(|(newest, end)| newest == fence && end > now)
    }
}

impl Content {
    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn write(&mut self, key: &StoreKey, record: Record, end: Instant) -> Version {
        let version = Version(self.next_number());
        self.slots.entry(*key).or_default().record = Some((record, version, end));
        version
    }

    fn slot(&mut self, key: &StoreKey) -> &mut Slot {
        self.slots.entry(*key).or_default()
    }
}

impl SessionStore for RewindableStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        self.step(move |content, now| Ok(content.slot(key).live_record(now)))
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        self.step(move |content, now| {
            if content.slot(key).live_record(now).is_some() {
                return Err(StoreError::Exists);
            }
            Ok(content.write(key, record, now + time_to_live))
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
        self.step(move |content, now| {
            let slot = content.slot(key);
            if fence.is_some() && fence != slot.lease.map(|(fence, _)| fence) {
                return Err(StoreError::LeaseLost);
            }
            if slot.live_record(now).map(|(_, version)| version) != Some(expected) {
                return Err(StoreError::Conflict);
            }
            Ok(content.write(key, record, now + time_to_live))
        })
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        self.step(move |content, _| {
            content.slot(key).record = None;
            Ok(())
        })
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        self.step(move |content, now| {
            if content.slot(key).lease_is_held(now) {
                return Ok(None);
            }
            let fence = Fence(content.next_number());
            content.slot(key).lease = Some((fence, now + time_to_live));
            Ok(Some(fence))
        })
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.step(move |content, now| {
            let slot = content.slot(key);
            if !slot.is_held_by(fence, now) {
                return Err(StoreError::LeaseLost);
            }
            slot.lease = Some((fence, now + time_to_live));
            Ok(())
        })
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.step(move |content, now| {
            let slot = content.slot(key);
            if slot.is_held_by(fence, now) {
                slot.lease = Some((fence, now));
            }
            Ok(())
        })
    }
}
