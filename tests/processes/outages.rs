//! A store that goes away, dawdles or is full in the middle of a storm: typed errors, one refresh,
//! and service again when it is back.

use std::io::Write;
use std::time::Duration;

use super::disk::Disk;
use super::fixture::Fixture;
use super::orders::{Failure, Place};
use super::support::redis_server::RedisServer;
use super::workers::{Called, Worker};

/// In KiB: enough for a session, and soon full.
const DISK: u32 = 1_024;

const PROCESSES: usize = 4;
const CALLS: usize = 100;

struct Storm {
    fixture: Fixture,
    session: String,
    workers: Vec<Worker>,
}

impl Storm {
    /// All processes call at once, and the refresh of one of them is under way.
    async fn breaks_out(place: Place) -> Self {
        let fixture = Fixture::on(place).await;
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

    /// Whatever could not be done in the storm told its callers to try later, and can be done now.
    /// Nobody presented the refresh token a second time. Answers how many calls had failed.
    async fn passes(mut self) -> usize {
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
    assert_eq!(failure.kind, "TryLater", "{failure:?}");
    let known = [
        "the session store failed",
        "the session could not be refreshed",
    ];
    let message = &failure.message;
    assert!(known.iter().any(|it| message.contains(it)), "{failure:?}");
    assert_eq!(failure.ended, None, "{failure:?}");
}

#[tokio::test]
async fn a_redis_that_is_killed_in_a_storm_costs_no_second_refresh() {
    let mut redis = RedisServer::start();
    let storm = Storm::breaks_out(Place::Redis(redis.url())).await;
    redis.kill();
    // Longer than the lease: it does not keep the others away any more.
    tokio::time::sleep(2 * storm.fixture.setup.lease).await;
    redis.restart();
    assert!(storm.passes().await > 0, "the others were to notice");
}

#[tokio::test]
async fn a_redis_that_is_restarted_at_once_in_a_storm_costs_no_second_refresh() {
    let mut redis = RedisServer::start();
    let storm = Storm::breaks_out(Place::Redis(redis.url())).await;
    redis.restart();
    storm.passes().await;
}

#[tokio::test]
async fn a_redis_that_answers_late_in_a_storm_costs_no_second_refresh() {
    let redis = RedisServer::start();
    let storm = Storm::breaks_out(Place::Redis(redis.url())).await;
    redis.freeze();
    tokio::time::sleep(2 * storm.fixture.setup.lease).await;
    redis.thaw();
    storm.passes().await;
}

#[tokio::test]
async fn a_disk_that_is_full_in_a_storm_costs_no_second_refresh() {
    let Some(disk) = Disk::new(DISK) else {
        let id = std::process::Command::new("id").arg("-u").output().unwrap();
        assert_ne!(id.stdout, b"0\n", "root can make a disk");
        return;
    };
    let storm = Storm::breaks_out(Place::Sqlite(disk.path("sessions.db"))).await;
    let ballast = disk.path("ballast");
    let mut fill = std::fs::File::create(&ballast).unwrap();
    while fill.write_all(&[0; 512]).is_ok() {}
    drop(fill);
    tokio::time::sleep(2 * storm.fixture.setup.lease).await;
    std::fs::remove_file(&ballast).unwrap();
    assert!(storm.passes().await > 0, "the others were to notice");
}
