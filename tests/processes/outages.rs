//! A store that fails, is slow or is full during many concurrent calls: typed errors, one refresh,
//! and recovery.

use std::io::Write;
use std::time::Duration;

use tokio::task::JoinSet;

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
    /// The processes whose calls are in progress.
    calling: JoinSet<(Worker, Called)>,
    called: Vec<(Worker, Called)>,
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
        let mut load = Self {
            fixture,
            session,
            calling: JoinSet::new(),
            called: Vec::new(),
        };
        let workers = Worker::start_all(setups).await;
        load.begin_calls(workers).await;
        load.fixture.refreshes_reach(1).await;
        load
    }

    async fn begin_calls(&mut self, workers: Vec<Worker>) {
        for mut worker in workers {
            worker.begin_calls(&self.session, CALLS).await;
            self.calling.spawn(async move {
                let called = worker.called().await;
                (worker, called)
            });
        }
    }

    /// Waits until the lease has run out, which blocks the others no more, and until the calls of one
    /// process have failed: when the others look for the lease is random.
    async fn outage_is_noticed(&mut self) {
        tokio::time::sleep(2 * self.fixture.setup.lease).await;
        let failed =
            |called: &[(Worker, Called)]| called.iter().any(|it| !it.1.failures.is_empty());
        while !failed(&self.called) {
            let next = self.calling.join_next().await;
            let next = next.expect("calls of the other processes must fail");
            self.called.push(next.unwrap());
        }
    }

    async fn all_called(&mut self) -> Vec<(Worker, Called)> {
        while let Some(called) = self.calling.join_next().await {
            self.called.push(called.unwrap());
        }
        std::mem::take(&mut self.called)
    }

    /// Calls that failed during the outage were told to try later, and succeed now. The refresh
    /// token was not sent a second time. Returns how many calls had failed.
    async fn finish(mut self) -> usize {
        let mut failed = 0;
        let mut workers = Vec::new();
        for (worker, called) in self.all_called().await {
            assert_eq!(called.succeeded + called.failures.len(), CALLS);
            called.failures.iter().for_each(says_that_the_store_failed);
            failed += called.failures.len();
            workers.push(worker);
        }
        self.begin_calls(workers).await;
        for (_, called) in self.all_called().await {
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
    let mut load = Load::begin(server.location()).await;
    server.kill();
    load.outage_is_noticed().await;
    server.restart();
    load.finish().await;
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
    let mut load = Load::begin(server.location()).await;
    server.make_read_only();
    load.outage_is_noticed().await;
    server.make_writable();
    load.finish().await;
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
    let mut load = Load::begin(StoreLocation::Sqlite(disk.path("sessions.db"))).await;
    let ballast = disk.path("ballast");
    let mut fill = std::fs::File::create(&ballast).unwrap();
    while fill.write_all(&[0; 512]).is_ok() {}
    drop(fill);
    load.outage_is_noticed().await;
    std::fs::remove_file(&ballast).unwrap();
    load.finish().await;
}
