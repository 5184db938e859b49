//! Under many tasks at once every store behaves as if one step came after the other: no update is
//! lost, versions and fences strictly increase, a stale fence writes nothing.
//!
//! The steps of every task come from a seed. `VESTIBULE_SEED` gives another one.
#![cfg(all(feature = "sqlite", feature = "redis"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
#[path = "broken_stores/fault.rs"]
mod fault;
#[path = "store_model/history.rs"]
mod history;
#[path = "store_model/model.rs"]
mod model;
#[path = "broken_stores/naive.rs"]
mod naive;
#[path = "broken_stores/steps.rs"]
mod steps;
mod support;
#[path = "store_model/tasks.rs"]
mod tasks;

use std::collections::HashSet;
use std::sync::Arc;

use fault::Fault;
use history::{Event, Step, Swapped};
use naive::Naive;
use support::redis_server::RedisServer;
use vestibule::store::{MemoryStore, RedisStore, Sealing, SealingKey, SessionStore, SqliteStore};

fn seed() -> u64 {
    let given = std::env::var("VESTIBULE_SEED").ok();
    given.map_or(20_260_101, |seed| seed.parse().expect("a seed is a number"))
}

/// Updates that another one was written over without having seen it.
fn lost_updates(history: &[Event]) -> usize {
    let mut replaced = HashSet::new();
    let swapped = history.iter().filter_map(|event| match event.step {
        Step::Swap(expected, _, _, Swapped::Written(_)) => Some(expected),
        _ => None,
    });
    swapped
        .filter(|expected| !replaced.insert(*expected))
        .count()
}

/// The operations of a run, and the updates that were lost.
async fn check(name: &str, stores: &[Arc<dyn SessionStore>], steps: usize) -> (usize, usize) {
    let histories = tasks::run(stores, seed(), steps).await;
    let operations = histories.iter().map(Vec::len).sum();
    let lost = histories.iter().map(|history| lost_updates(history)).sum();
    for history in &histories {
        assert!(model::is_right(history), "{name}: seed {}", seed());
        let swapped = |event: &&Event| matches!(event.step, Step::Swap(.., Swapped::Written(_)));
        let fenced = |event: &&Event| matches!(event.step, Step::Swap(.., Swapped::LeaseLost));
        assert!(
            history.iter().any(|event| swapped(&event)),
            "{name}: nothing was swapped"
        );
        assert!(
            history.iter().any(|event| fenced(&event)),
            "{name}: no fence was old"
        );
    }
    (operations, lost)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_store_behaves_as_if_steps_came_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let redis = RedisServer::start();
    let keys = || Sealing::keys(SealingKey::new(1, [7; 32]), []);
    let mut all = Vec::new();

    all.push(check("memory", &[Arc::new(MemoryStore::new())], 2_500).await);

    // Two of each, as two processes have them.
    let file = folder.path().join("sessions.db");
    let one = SqliteStore::open(&file, keys()).await.unwrap();
    let two = SqliteStore::open(&file, keys()).await.unwrap();
    all.push(check("sqlite", &[Arc::new(one), Arc::new(two)], 1_000).await);

    let one = RedisStore::open(redis.url(), keys()).await.unwrap();
    let two = RedisStore::open(redis.url(), keys()).await.unwrap();
    all.push(check("redis", &[Arc::new(one), Arc::new(two)], 1_000).await);

    let operations: usize = all.iter().map(|(operations, _)| operations).sum();
    let lost: usize = all.iter().map(|(_, lost)| lost).sum();
    support::proof("cas-model", &format!("{operations} lost-updates={lost}"));
    assert_eq!(lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_store_is_found_out() {
    let right: [Arc<dyn SessionStore>; 1] = [Arc::new(Naive::new(None))];
    for history in tasks::run(&right, seed(), 500).await {
        assert!(model::is_right(&history));
    }
    for fault in [
        Fault::ChecksThenSwaps,
        Fault::ChecksThenCreates,
        Fault::ChecksThenLeases,
        Fault::SwapsAnyVersion,
        Fault::VersionsStartAnew,
        Fault::VersionsStandStill,
        Fault::FencesStartAnew,
        Fault::DeletionsForgetFences,
        Fault::IgnoresFences,
        Fault::ReleasesForAnybody,
        Fault::KeepsDeletedRecords,
    ] {
        let mut found = false;
        // A race is not lost every time.
        for round in 0..10 {
            let wrong: [Arc<dyn SessionStore>; 1] = [Arc::new(Naive::new(Some(fault)))];
            let histories = tasks::run(&wrong, seed() + round, 500).await;
            found |= !histories.iter().all(|history| model::is_right(history));
            if found {
                break;
            }
        }
        assert!(found, "{fault:?} was not found out");
    }
}
