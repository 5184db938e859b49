//! Many tasks that execute random operations on few keys, and record them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use vestibule::store::{Fence, Record, SessionStore, StoreError, StoreKey, Version};

use super::history::{Event, Step, Swapped, Ticks};

pub const KEYS: usize = 4;
const TASKS: usize = 8;

/// Longer than a run, so that nothing expires during it.
const LONG: Duration = Duration::from_secs(3600);

/// A built-in generator, so that a seed gives the same run on every machine (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % bound
    }
}

/// What a task knows of one key.
#[derive(Clone, Copy, Default)]
struct Known {
    version: u64,
    fence: Option<u64>,
    older_fence: Option<u64>,
}

/// Runs the tasks on the stores, which all share the same data; returns the history of each key.
pub async fn run(
    stores: &[Arc<dyn SessionStore>],
    seed: u64,
    steps_per_task: usize,
) -> Vec<Vec<Event>> {
    let mut random = Random::new(seed);
    let keys: [StoreKey; KEYS] = std::array::from_fn(|_| {
        StoreKey::new(std::array::from_fn(|_| random.below(256).to_le_bytes()[0]))
    });
    let histories: Arc<[Mutex<Vec<Event>>; KEYS]> = Arc::default();
    let ticks = Arc::new(Ticks::default());
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = stores[task % stores.len()].clone();
        let (histories, ticks) = (histories.clone(), ticks.clone());
        let mut random = Random::new(seed ^ ((task as u64 + 1) << 32));
        tasks.spawn(async move {
            let mut known = [Known::default(); KEYS];
            for number in 0..steps_per_task {
                let key = usize::try_from(random.below(KEYS as u64)).unwrap();
                let body = ((task as u64) << 32) | number as u64;
                // A store in memory never yields, so its tasks must do so.
                if random.below(2) == 0 {
                    tokio::task::yield_now().await;
                }
                let begun = ticks.next();
                let step = step(&*store, &keys[key], &mut known[key], &mut random, body).await;
                let ended = ticks.next();
                let event = Event { begun, ended, step };
                histories[key].lock().unwrap().push(event);
            }
        });
    }
    tasks.join_all().await;
    let take = |history: &Mutex<Vec<Event>>| std::mem::take(&mut *history.lock().unwrap());
    histories.iter().map(take).collect()
}

/// Executes one random operation, with what the task knows.
async fn step(
    store: &dyn SessionStore,
    key: &StoreKey,
    known: &mut Known,
    random: &mut Random,
    body: u64,
) -> Step {
    let record = || Record::new(body.to_be_bytes().to_vec());
    match random.below(100) {
        0..25 => {
            let found = store.load(key).await.expect("the store loads");
            let found = found.map(|(record, version)| {
                let bytes = record
                    .expose()
                    .try_into()
                    .expect("a record has eight bytes");
                (u64::from_be_bytes(bytes), version.0)
            });
            known.version = found.map_or(known.version, |(_, version)| version);
            Step::Load(found)
        }
        25..37 => match store.create(key, record(), LONG).await {
            Ok(version) => {
                known.version = version.0;
                Step::Create(body, Some(version.0))
            }
            Err(StoreError::Exists) => Step::Create(body, None),
            Err(error) => panic!("creating failed: {error}"),
        },
        37..70 => {
            let fence = match random.below(10) {
                0..6 => known.fence,
                6..8 => known.older_fence,
                _ => None,
            };
            let expected = known.version;
            let (version, with) = (Version(expected), fence.map(Fence));
            let swap = store.compare_and_swap(key, version, record(), LONG, with);
            let swapped = match swap.await {
                Ok(version) => {
                    known.version = version.0;
                    Swapped::Written(version.0)
                }
                Err(StoreError::Conflict) => Swapped::Conflict,
                Err(StoreError::LeaseLost) => Swapped::LeaseLost,
                Err(error) => panic!("swapping failed: {error}"),
            };
            Step::Swap(expected, fence, body, swapped)
        }
        70..74 => {
            store.delete(key).await.expect("the store deletes");
            Step::Delete
        }
        74..86 => {
            let fence = store
                .acquire(key, LONG)
                .await
                .expect("the store grants leases");
            let fence = fence.map(|fence| fence.0);
            if fence.is_some() {
                known.older_fence = known.fence;
                known.fence = fence;
            }
            Step::Acquire(fence)
        }
        86..92 => {
            let fence = known.fence.unwrap_or(0);
            match store.extend(key, Fence(fence), LONG).await {
                Ok(()) => Step::Extend(fence, true),
                Err(StoreError::LeaseLost) => Step::Extend(fence, false),
                Err(error) => panic!("extending failed: {error}"),
            }
        }
        _ => {
            let fence = known.fence.unwrap_or(0);
            let released = store.release(key, Fence(fence)).await;
            released.expect("the store releases");
            Step::Release(fence)
        }
    }
}
