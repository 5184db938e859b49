//! Mutants: broken stores, clocks and clients. The model must detect each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vestibule::BoxFuture;
use vestibule::store::{Fence, MemoryStore, Record, SessionStore, StoreError, StoreKey, Version};

macro_rules! mutants {
    ($($(#[$doc:meta])* $mutant:ident),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant { $($(#[$doc])* $mutant),* }

        pub const MUTANTS: &[Mutant] = &[$(Mutant::$mutant),*];
    };
}

mutants![
    /// Each device has a separate store.
    StoresApart,
    /// The store reports a write over a record that it did not make.
    ForgetsWrites,
    /// The store reports a deletion that it did not make.
    ForgetsDeletions,
    /// The store always returns the first record of a key, with its old codes and keys.
    FindsOldRecords,
    /// The store finds neither the record of a phone nor a challenge.
    LosesRecords,
    /// The clock of the second device is a minute ahead.
    ClocksApart,
    /// The clocks stand still.
    ClocksStandStill,
    /// A refused code is sent again.
    ConfirmsTwice,
    /// Each message is requested twice.
    AsksTwice,
];

impl Mutant {
    /// Whether the model must detect it for a system: without a resend timer, and with codes that
    /// are valid for an hour, clocks matter little.
    pub fn breaks(self, system: &str) -> bool {
        let is_of_clocks = matches!(self, Self::ClocksApart | Self::ClocksStandStill);
        system != "walletcrew" || !is_of_clocks
    }

    pub fn store(this: Option<Self>) -> Arc<dyn SessionStore> {
        Arc::new(Broken {
            inner: MemoryStore::new(),
            mutant: this,
            first: Mutex::default(),
        })
    }
}

struct Broken {
    inner: MemoryStore,
    mutant: Option<Mutant>,
    first: Mutex<HashMap<StoreKey, Record>>,
}

impl Broken {
    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

impl SessionStore for Broken {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(async move {
            let found = self.inner.load(key).await?;
            if self.is(Mutant::LosesRecords) {
                return Ok(None);
            }
            if self.is(Mutant::FindsOldRecords) {
                let first = self.first.lock().expect("the lock is not poisoned");
                let first = first.get(key).cloned();
                return Ok(found.map(|(found, version)| (first.unwrap_or(found), version)));
            }
            Ok(found)
        })
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        let mut first = self.first.lock().expect("the lock is not poisoned");
        first.entry(*key).or_insert_with(|| record.clone());
        self.inner.create(key, record, time_to_live)
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        if self.is(Mutant::ForgetsWrites) {
            return Box::pin(std::future::ready(Ok(expected)));
        }
        let inner = &self.inner;
        inner.compare_and_swap(key, expected, record, time_to_live, fence)
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        if self.is(Mutant::ForgetsDeletions) {
            return Box::pin(std::future::ready(Ok(())));
        }
        self.inner.delete(key)
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        self.inner.acquire(key, time_to_live)
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.extend(key, fence, time_to_live)
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.release(key, fence)
    }
}
