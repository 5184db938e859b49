//! A store in memory that counts its steps, tells when one begins and ends, and fails in one way.

use std::collections::BTreeSet;
use std::future::pending;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use vestibule::BoxFuture;
use vestibule::store::{
    Fence, IndexKeys, MemoryStore, Record, SessionStore, StoreError, StoreKey, Version,
};

use crate::support::forwarded_steps::forwarded_steps;

/// How the store behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    #[default]
    Works,
    /// Every write is late.
    AlwaysConflicts,
    /// Every record is gone.
    AlwaysGone,
    /// Every load finds the records as they were before this began; every write succeeds and is lost.
    RollsBack,
    NeverAnswers,
}

#[derive(Clone)]
pub struct StepStore {
    inner: Arc<MemoryStore>,
    keys: Arc<Mutex<BTreeSet<StoreKey>>>,
    behaviour: Arc<Mutex<Behaviour>>,
    steps: Arc<AtomicUsize>,
    events: Arc<watch::Sender<usize>>,
    /// A part of the record whose write is next reported as failed.
    unconfirmed: Arc<Mutex<Option<&'static str>>>,
}

impl Default for StepStore {
    fn default() -> Self {
        Self {
            inner: Arc::default(),
            keys: Arc::default(),
            behaviour: Arc::default(),
            steps: Arc::default(),
            events: Arc::new(watch::Sender::new(0)),
            unconfirmed: Arc::default(),
        }
    }
}

impl StepStore {
    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    fn behaviour(&self) -> Behaviour {
        *self.behaviour.lock().unwrap()
    }

    /// The steps since the last call.
    pub fn take_steps(&self) -> usize {
        self.steps.swap(0, Ordering::SeqCst)
    }

    /// Reports the next write of a record with this part as failed, although it happens.
    pub fn lose_reply_of(&self, part: &'static str) {
        *self.unconfirmed.lock().unwrap() = Some(part);
    }

    /// Whether the reply that was to be lost is lost.
    pub fn has_lost_reply(&self) -> bool {
        self.unconfirmed.lock().unwrap().is_none()
    }

    /// Removes all records with this part; returns how many.
    pub async fn remove_with(&self, part: &str) -> usize {
        let mut removed = 0;
        for key in self.keys() {
            let stored = self.inner.load(&key).await.unwrap();
            if stored.is_some_and(|(record, _)| has(&record, part)) {
                self.inner.delete(&key).await.unwrap();
                removed += 1;
            }
        }
        removed
    }

    fn loses_reply(&self, record: &Record) -> bool {
        let mut part = self.unconfirmed.lock().unwrap();
        part.take_if(|part| has(record, part)).is_some()
    }

    /// Waits until `count` steps have begun or ended since now.
    pub fn after_events(&self, count: usize) -> impl Future<Output = ()> + use<> {
        let mut events = self.events.subscribe();
        let end = *events.borrow_and_update() + count;
        async move {
            events.wait_for(|now| *now >= end).await.unwrap();
        }
    }

    /// Waits until no step has begun for a while.
    pub async fn quiet(&self) {
        let mut events = self.events.subscribe();
        loop {
            let next = events.changed();
            if tokio::time::timeout(Duration::from_millis(150), next)
                .await
                .is_err()
            {
                return;
            }
        }
    }

    /// All keys that were ever written.
    pub fn keys(&self) -> BTreeSet<StoreKey> {
        self.keys.lock().unwrap().clone()
    }

    /// How many records exist.
    pub async fn records(&self) -> usize {
        let mut records = 0;
        for key in self.keys() {
            let stored = self.inner.load(&key).await.unwrap();
            records += usize::from(stored.is_some_and(|(record, _)| !is_end_marker(&record)));
        }
        records
    }

    fn step<'a, T: Send + 'a>(
        &'a self,
        step: BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        Box::pin(async move {
            self.steps.fetch_add(1, Ordering::SeqCst);
            self.events.send_modify(|events| *events += 1);
            tokio::task::yield_now().await;
            if self.behaviour() == Behaviour::NeverAnswers {
                pending::<()>().await;
            }
            let done = step.await;
            self.events.send_modify(|events| *events += 1);
            tokio::task::yield_now().await;
            done
        })
    }

    fn write<'a>(
        &'a self,
        key: &'a StoreKey,
        refused: StoreError,
        is_unconfirmed: bool,
        write: BoxFuture<'a, Result<Version, StoreError>>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        self.keys.lock().unwrap().insert(*key);
        let conflict = Box::pin(std::future::ready(Err(refused)));
        let written = || Box::pin(std::future::ready(Ok(Version(u64::MAX / 2))));
        self.step(match self.behaviour() {
            Behaviour::AlwaysConflicts | Behaviour::AlwaysGone => conflict,
            Behaviour::RollsBack => written(),
            Behaviour::Works | Behaviour::NeverAnswers if is_unconfirmed => Box::pin(async move {
                write.await?;
                Err(StoreError::Unavailable(ErrorKind::TimedOut))
            }),
            Behaviour::Works | Behaviour::NeverAnswers => write,
        })
    }
}

impl SessionStore for StepStore {
    fn index_keys(&self) -> IndexKeys {
        self.inner.index_keys()
    }

    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        if self.behaviour() == Behaviour::AlwaysGone {
            return self.step(Box::pin(std::future::ready(Ok(None))));
        }
        self.step(self.inner.load(key))
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        let is_unconfirmed = self.loses_reply(&record);
        let write = self.inner.create(key, record, time_to_live);
        self.write(key, StoreError::Exists, is_unconfirmed, write)
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        let (inner, is_unconfirmed) = (&self.inner, self.loses_reply(&record));
        let write = inner.compare_and_swap(key, expected, record, time_to_live, fence);
        self.write(key, StoreError::Conflict, is_unconfirmed, write)
    }

    forwarded_steps!();
}

fn has(record: &Record, part: &str) -> bool {
    let text = str::from_utf8(record.expose());
    text.is_ok_and(|text| text.contains(part))
}

/// Whether a record marks the end of a session for a while.
fn is_end_marker(record: &Record) -> bool {
    let stored: Option<serde_json::Value> = serde_json::from_slice(record.expose()).ok();
    stored.is_some_and(|stored| stored["ended"] == true)
}
