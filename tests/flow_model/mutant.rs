//! Ways to break what the flows stand on. The model must find each out.

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
    /// Each device has a store of its own.
    StoresApart,
    /// The store says that it has written over a record, and has not.
    ForgetsWrites,
    /// The store says that it has deleted, and has not.
    ForgetsDeletions,
    /// The store always finds the first record of a key, with its old codes and keys.
    FindsOldRecords,
    /// The store does not find what is remembered of a phone, nor a challenge.
    LosesRecords,
    /// The clock of the second device is a minute ahead.
    ClocksApart,
    /// The clocks stand still.
    ClocksStandStill,
    /// A code that was refused is presented again.
    ConfirmsTwice,
    /// Each message is asked for twice.
    AsksTwice,
];

impl Mutant {
    /// Whether it must break a promise of a system: where there is no wait and an hour for the code,
    /// clocks matter little.
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
                let first = self.first.lock().expect("nobody panics");
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
        let mut first = self.first.lock().expect("nobody panics");
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
