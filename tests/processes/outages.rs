//! A store that fails, is slow or is full during many concurrent calls: typed errors, one refresh,
//! and recovery.

use std::io::Write;
use std::time::Duration;

use super::disk::Disk;
use super::fixture::Fixture;
use super::protocol::{Failure, StoreLocation};
use super::store_server::StoreServer;
use super::support::sentinel::WatchedServers;
use super::workers::{Called, Worker};

/// In KiB: enough for a session, and soon full.
const DISK: u32 = 1_024;

const PROCESSES: usize = 4;
const CALLS: usize = 100;

struct Load {
    fixture: Fixture,
    session: String,
    workers: Vec<Worker>,
}

impl Load {
    /// Starts calls in all processes, and waits until one of them refreshes.
    async fn begin(location: StoreLocation) -> Self {
        let fixture = Fixture::on(location).await;
        let session = fixture.sign_in_expired("+43123456789").await;
        fixture
            .mock
            .delay("refresh_token", Duration::from_millis(500));
        let setups = vec![fixture.setup.clone(); PROCESSES];
        let mut workers = Worker::start_all(setups).await;
        for worker in &mut workers {
            worker.begin_calls(&session, CALLS).await;
        }
        fixture.refreshes_reach(1).await;
        Self {
            fixture,
            session,
            workers,
        }
    }

    async fn called(&mut self) -> Vec<Called> {
        let mut all = Vec::new();
        for worker in &mut self.workers {
            all.push(worker.called().await);
        }
        all
    }

    /// Calls that failed during the outage were told to try later, and succeed now. The refresh
    /// token was not sent a second time. Returns how many calls had failed.
    async fn finish(mut self) -> usize {
        let mut failed = 0;
        for called in self.called().await {
            assert_eq!(called.succeeded + called.failures.len(), CALLS);
            called.failures.iter().for_each(says_that_the_store_failed);
            failed += called.failures.len();
        }
        for worker in &mut self.workers {
            worker.begin_calls(&self.session, CALLS).await;
        }
        for called in self.called().await {
            assert_eq!(called.succeeded, CALLS, "{:?}", called.failures.first());
        }
        let stored = self.fixture.stored_refresh(&self.session).await.unwrap();
        assert!(self.fixture.mock.accepts_refresh_token(&stored));
        assert_eq!(self.fixture.mock.count("refresh_token"), 1);
        failed
    }
}

fn says_that_the_store_failed(failure: &Failure) {
    assert_eq!(failure.kind, "Unavailable", "{failure:?}");
    let known = [
        "the session store failed",
        "the session could not be refreshed",
    ];
    let message = &failure.message;
    assert!(known.iter().any(|it| message.contains(it)), "{failure:?}");
    assert_eq!(failure.ended, None, "{failure:?}");
}

async fn a_killed_server_causes_no_second_refresh(mut server: StoreServer) {
    let load = Load::begin(server.location()).await;
    server.kill();
    // Longer than the lease, which blocks the others no more.
    tokio::time::sleep(2 * load.fixture.setup.lease).await;
    server.restart();
    assert!(
        load.finish().await > 0,
        "calls of the other processes must fail"
    );
}

#[tokio::test]
async fn killing_redis_under_load_causes_no_second_refresh() {
    a_killed_server_causes_no_second_refresh(StoreServer::redis()).await;
}

#[tokio::test]
async fn killing_postgres_under_load_causes_no_second_refresh() {
    a_killed_server_causes_no_second_refresh(StoreServer::postgres()).await;
}

async fn a_restarted_server_causes_no_second_refresh(mut server: StoreServer) {
    let load = Load::begin(server.location()).await;
    server.restart();
    load.finish().await;
}

#[tokio::test]
async fn restarting_redis_under_load_causes_no_second_refresh() {
    a_restarted_server_causes_no_second_refresh(StoreServer::redis()).await;
}

#[tokio::test]
async fn restarting_postgres_under_load_causes_no_second_refresh() {
    a_restarted_server_causes_no_second_refresh(StoreServer::postgres()).await;
}

async fn a_slow_server_causes_no_second_refresh(server: StoreServer) {
    let load = Load::begin(server.location()).await;
    server.freeze();
    tokio::time::sleep(2 * load.fixture.setup.lease).await;
    server.thaw();
    load.finish().await;
}

#[tokio::test]
async fn a_slow_redis_under_load_causes_no_second_refresh() {
    a_slow_server_causes_no_second_refresh(StoreServer::redis()).await;
}

#[tokio::test]
async fn a_slow_postgres_under_load_causes_no_second_refresh() {
    a_slow_server_causes_no_second_refresh(StoreServer::postgres()).await;
}

async fn a_read_only_server_causes_no_second_refresh(server: StoreServer) {
    let load = Load::begin(server.location()).await;
    server.make_read_only();
    tokio::time::sleep(2 * load.fixture.setup.lease).await;
    server.make_writable();
    assert!(
        load.finish().await > 0,
        "calls of the other processes must fail"
    );
}

#[tokio::test]
async fn a_read_only_redis_under_load_causes_no_second_refresh() {
    a_read_only_server_causes_no_second_refresh(StoreServer::redis()).await;
}

#[tokio::test]
async fn a_read_only_postgres_under_load_causes_no_second_refresh() {
    a_read_only_server_causes_no_second_refresh(StoreServer::postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fail_over_by_a_sentinel_under_load_causes_no_second_refresh() {
    let mut watched = WatchedServers::start();
    let load = Load::begin(StoreLocation::Sentinel(watched.urls())).await;
    watched.servers[0].kill();
    tokio::task::block_in_place(|| {
        watched.wait_for_fail_over();
    });
    assert!(
        load.finish().await > 0,
        "calls of the other processes must fail"
    );
}

#[tokio::test]
async fn a_full_disk_under_load_causes_no_second_refresh() {
    let Some(disk) = Disk::new(DISK) else {
        let id = std::process::Command::new("id").arg("-u").output().unwrap();
        assert_ne!(id.stdout, b"0\n", "root can make a disk");
        return;
    };
    let load = Load::begin(StoreLocation::Sqlite(disk.path("sessions.db"))).await;
    let ballast = disk.path("ballast");
    let mut fill = std::fs::File::create(&ballast).unwrap();
    while fill.write_all(&[0; 512]).is_ok() {}
    drop(fill);
    tokio::time::sleep(2 * load.fixture.setup.lease).await;
    std::fs::remove_file(&ballast).unwrap();
    assert!(
        load.finish().await > 0,
        "calls of the other processes must fail"
    );
}
