//! A store of your own: the trait, implemented over a map and checked by the conformance suite.
//!
//! `cargo run --example custom_store`
//!
//! A real store also removes what has ended. Wrap it in `vestibule::store::Sealed`, so that it holds only
//! sealed records.

// An example prints its result.
#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use vestibule::BoxFuture;
use vestibule::store::{Fence, Record, SessionStore, StoreError, StoreKey, Version};
use vestibule::testing::store_conformance;

type Step<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Keeps records and leases in a map.
#[derive(Default)]
pub struct CustomStore(Mutex<Slots>);

#[derive(Default)]
struct Slots {
    by_key: HashMap<StoreKey, Slot>,
    /// Every write and every lease gets a higher number, whatever its key.
    last_number: u64,
}

/// The record and the newest lease of a key, each with its end.
#[derive(Default)]
struct Slot {
    record: Option<(Record, Version, Instant)>,
    lease: Option<(Fence, Instant)>,
}

impl Slot {
    fn live(&self, now: Instant) -> Option<(Record, Version)> {
        let (record, version, end) = self.record.as_ref()?;
        (*end > now).then(|| (record.clone(), *version))
    }

    fn runs(&self, fence: Fence, now: Instant) -> bool {
        self.lease
            .is_some_and(|(newest, end)| newest == fence && end > now)
    }
}

fn end(now: Instant, life: Duration) -> Instant {
    now + life.min(Duration::from_secs(100 * 365 * 24 * 3600))
}

impl CustomStore {
    /// Runs one step with the slot of a key, a new number and the time. The lock makes it atomic.
    fn step<'a, T: 'a>(
        &'a self,
        key: &'a StoreKey,
        step: impl FnOnce(&mut Slot, u64, Instant) -> Result<T, StoreError> + Send + 'a,
    ) -> Step<'a, T> {
        Box::pin(async move {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slots.last_number += 1;
            let number = slots.last_number;
            let slot = slots.by_key.entry(*key).or_default();
            step(slot, number, Instant::now())
        })
    }
}

impl SessionStore for CustomStore {
    fn load<'a>(&'a self, key: &'a StoreKey) -> Step<'a, Option<(Record, Version)>> {
        self.step(key, |slot, _, now| Ok(slot.live(now)))
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        life: Duration,
    ) -> Step<'a, Version> {
        self.step(key, move |slot, number, now| {
            if slot.live(now).is_some() {
                return Err(StoreError::Exists);
            }
            slot.record = Some((record, Version(number), end(now, life)));
            Ok(Version(number))
        })
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        life: Duration,
        fence: Option<Fence>,
    ) -> Step<'a, Version> {
        self.step(key, move |slot, number, now| {
            if fence.is_some() && fence != slot.lease.map(|(newest, _)| newest) {
                return Err(StoreError::LeaseLost);
            }
            if slot.live(now).map(|(_, version)| version) != Some(expected) {
                return Err(StoreError::Conflict);
            }
            slot.record = Some((record, Version(number), end(now, life)));
            Ok(Version(number))
        })
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> Step<'a, ()> {
        self.step(key, |slot, _, _| {
            slot.record = None;
            Ok(())
        })
    }

    fn acquire<'a>(&'a self, key: &'a StoreKey, life: Duration) -> Step<'a, Option<Fence>> {
        self.step(key, move |slot, number, now| {
            if slot.lease.is_some_and(|(_, end)| end > now) {
                return Ok(None);
            }
            slot.lease = Some((Fence(number), end(now, life)));
            Ok(Some(Fence(number)))
        })
    }

    fn extend<'a>(&'a self, key: &'a StoreKey, fence: Fence, life: Duration) -> Step<'a, ()> {
        self.step(key, move |slot, _, now| {
            if !slot.runs(fence, now) {
                return Err(StoreError::LeaseLost);
            }
            slot.lease = Some((fence, end(now, life)));
            Ok(())
        })
    }

    fn release<'a>(&'a self, key: &'a StoreKey, fence: Fence) -> Step<'a, ()> {
        self.step(key, move |slot, _, now| {
            if slot.runs(fence, now) {
                slot.lease = Some((fence, now));
            }
            Ok(())
        })
    }
}

#[tokio::main]
async fn main() {
    let report = store_conformance(Arc::new(CustomStore::default())).await;
    report.assert_passed();
    println!("{} cases passed", report.cases().len());
}
