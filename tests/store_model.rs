//! With many concurrent tasks, every store is linearisable: no update is lost, versions and fences
//! strictly increase, a stale fence writes nothing.
//!
//! The operations of every task are derived from a seed. `VESTIBULE_SEED` sets another one.
#![cfg(all(
    feature = "sqlite",
    feature = "redis",
    feature = "postgres",
    target_os = "linux"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
#[path = "broken_stores/fault.rs"]
mod fault;
#[path = "broken_stores/faulty_store.rs"]
mod faulty_store;
#[path = "store_model/history.rs"]
mod history;
#[path = "store_model/model.rs"]
mod model;
#[path = "broken_stores/steps.rs"]
mod steps;
mod support;
#[path = "store_model/tasks.rs"]
mod tasks;

use std::collections::HashSet;
use std::sync::Arc;

use fault::Fault;
use faulty_store::FaultyStore;
use history::{Event, Step, Swapped};
use support::postgres_server::PostgresServer;
use support::redis_server::RedisServer;
use support::rewindable_store::RewindableStore;
use vestibule::store::{
    MemoryStore, PostgresStore, RedisStore, Sealing, SealingKey, SessionStore, SqliteStore,
};

fn seed() -> u64 {
    let given = std::env::var("VESTIBULE_SEED").ok();
    given.map_or(20_260_101, |seed| seed.parse().expect("a seed is a number"))
}

/// Number of updates that another one overwrote without having read them.
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

/// Returns the number of operations of a run and of lost updates.
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
async fn every_store_is_linearisable() {
    let folder = tempfile::tempdir().unwrap();
    let redis = RedisServer::start();
    let keys = || Sealing::keys(SealingKey::new(1, [7; 32]), []);
    let mut all = Vec::new();

    all.push(check("memory", &[Arc::new(MemoryStore::new())], 2_500).await);

    // Two instances of each, as in two processes.
    let file = folder.path().join("sessions.db");
    let one = SqliteStore::open(&file, keys()).await.unwrap();
    let two = SqliteStore::open(&file, keys()).await.unwrap();
    all.push(check("sqlite", &[Arc::new(one), Arc::new(two)], 1_000).await);

    let one = RedisStore::open(redis.url(), keys()).await.unwrap();
    let two = RedisStore::open(redis.url(), keys()).await.unwrap();
    all.push(check("redis", &[Arc::new(one), Arc::new(two)], 1_000).await);

    let postgres = PostgresServer::start();
    let one = PostgresStore::open(postgres.url(), keys()).await.unwrap();
    let two = PostgresStore::open(postgres.url(), keys()).await.unwrap();
    all.push(check("postgres", &[Arc::new(one), Arc::new(two)], 1_000).await);

    let operations: usize = all.iter().map(|(operations, _)| operations).sum();
    let lost: usize = all.iter().map(|(_, lost)| lost).sum();
    support::proof("cas-model", &format!("{operations} lost-updates={lost}"));
    assert_eq!(lost, 0);
}

/// The refresh model runs on this one.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_can_go_back_is_linearisable_until_it_does() {
    let store = Arc::new(RewindableStore::default());
    let (operations, lost) = check("rewindable", &[store], 1_000).await;
    assert!(operations > 0);
    assert_eq!(lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_store_is_detected() {
    let right: [Arc<dyn SessionStore>; 1] = [Arc::new(FaultyStore::new(None))];
    for history in tasks::run(&right, seed(), 500).await {
        assert!(model::is_right(&history));
    }
    for fault in [
        Fault::ChecksThenSwaps,
        Fault::ChecksThenCreates,
        Fault::ChecksThenLeases,
        Fault::SwapsAnyVersion,
        Fault::VersionsRestart,
        Fault::VersionsStandStill,
        Fault::FencesRestart,
        Fault::DeletionsForgetFences,
        Fault::IgnoresFences,
        Fault::ReleasesForAll,
        Fault::KeepsDeletedRecords,
    ] {
        let mut found = false;
        // A race does not occur every time.
        for round in 0..10 {
            let wrong: [Arc<dyn SessionStore>; 1] = [Arc::new(FaultyStore::new(Some(fault)))];
            let histories = tasks::run(&wrong, seed() + round, 500).await;
            found |= !histories.iter().all(|history| model::is_right(history));
            if found {
                break;
            }
        }
        assert!(found, "{fault:?} was not detected");
    }
}
