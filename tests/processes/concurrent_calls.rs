//! Concurrent calls of several processes on one expired session cause one refresh.

use std::time::Duration;

use super::fixture::Fixture;
use super::protocol::StoreLocation;
use super::store_server::StoreServer;
use super::support;
use super::workers::Worker;

const PROCESSES: usize = 4;
const CALLS: usize = 250;

async fn concurrent_calls(store: &str, location: StoreLocation) {
    let fixture = Fixture::on(location).await;
    let session = fixture.sign_in_expired("+43123456789").await;
    // Long enough for all calls to start while it runs.
    fixture
        .mock
        .delay("refresh_token", Duration::from_millis(300));
    let setups = vec![fixture.setup.clone(); PROCESSES];
    let mut workers = Worker::start_all(setups).await;
    for worker in &mut workers {
        worker.begin_calls(&session, CALLS).await;
    }
    let (mut calls, mut failed) = (0, Vec::new());
    for worker in &mut workers {
        let called = worker.called().await;
        calls += called.succeeded;
        failed.extend(called.failures);
    }
    let refreshes = fixture.mock.count("refresh_token");
    support::proof(
        &format!("storm-{store}"),
        &format!(
            "processes={PROCESSES} calls={} refreshes={refreshes} failed={}",
            calls + failed.len(),
            failed.len()
        ),
    );
    assert_eq!((calls, refreshes), (PROCESSES * CALLS, 1), "{failed:?}");
    let stored = fixture.stored_refresh(&session).await.unwrap();
    assert!(fixture.mock.accepts_refresh_token(&stored));
}

#[tokio::test]
async fn a_thousand_calls_of_four_processes_on_redis_cause_one_refresh() {
    let redis = StoreServer::redis();
    concurrent_calls("redis", redis.location()).await;
}

#[tokio::test]
async fn a_thousand_calls_of_four_processes_on_postgres_cause_one_refresh() {
    let postgres = StoreServer::postgres();
    concurrent_calls("postgres", postgres.location()).await;
}

#[tokio::test]
async fn a_thousand_calls_of_four_processes_on_sqlite_cause_one_refresh() {
    let folder = tempfile::tempdir().unwrap();
    concurrent_calls(
        "sqlite",
        StoreLocation::Sqlite(folder.path().join("sessions.db")),
    )
    .await;
}
