//! The effect on a session when a process is killed during a refresh, point by point.

use std::time::{Duration, Instant};

use vestibule::testing::{Fault, FaultRule};

use super::fixture::Fixture;
use super::protocol::{Point, StoreLocation};
use super::store_server::StoreServer;
use super::workers::{Called, Worker};

pub const INTERRUPTED: &str = "an earlier refresh was interrupted, and the server refused another";

/// Where the lease holder is killed.
#[derive(Clone, Copy, Debug)]
enum KillPoint {
    At(Point),
    /// The server has not received the request, and never will.
    Sent,
    /// The server has processed the request, and its response is in transit.
    Processed,
}

/// Others make calls while the holder refreshes the session and is killed.
async fn others_after(kill_point: KillPoint, location: StoreLocation) -> (Fixture, Called) {
    let fixture = Fixture::on(location).await;
    let session = fixture.sign_in_expired("+43123456789").await;
    let mut setup = fixture.setup.clone();
    match kill_point {
        KillPoint::At(point) => setup.wait_at = Some(point),
        KillPoint::Sent => spoil_refresh(&fixture, Fault::Silence),
        KillPoint::Processed => spoil_refresh(&fixture, Fault::StallBeforeHead),
    }
    let mut holder = Worker::start(&setup).await;
    let mut other = Worker::start(&fixture.setup).await;
    holder.begin_calls(&session, 5).await;
    match kill_point {
        KillPoint::At(point) => holder.may_explain(point).await,
        KillPoint::Sent => {
            let arrived = |path: &str| path.ends_with("/refresh-token");
            while !fixture.proxy.requests().iter().any(|it| arrived(&it.path)) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        KillPoint::Processed => fixture.refreshes_reach(1).await,
    }
    other.begin_calls(&session, 50).await;
    holder.kill().await;
    let died = Instant::now();
    let called = other.called().await;
    let bound = fixture.setup.lease + Duration::from_secs(15);
    assert!(died.elapsed() < bound, "{:?}", died.elapsed());
    (fixture, called)
}

fn spoil_refresh(fixture: &Fixture, fault: Fault) {
    let rule = FaultRule::new(fault).on("/refresh-token");
    fixture.proxy.inject(rule.times(1));
}

/// The server has not processed the killed refresh: no call fails.
async fn the_session_continues(kill_point: KillPoint, location: StoreLocation) {
    let (fixture, called) = others_after(kill_point, location).await;
    assert_eq!(
        called.succeeded, 50,
        "{kill_point:?}: {:?}",
        called.failures
    );
    assert_eq!(fixture.mock.count("refresh_token"), 1, "{kill_point:?}");
}

/// The server has processed it and the new tokens are lost: the session ends with that reason after
/// the old token was sent once more.
async fn the_session_ends(kill_point: KillPoint, location: StoreLocation) {
    let (fixture, called) = others_after(kill_point, location).await;
    assert_eq!(called.failures.len(), 50, "{kill_point:?}");
    for failure in &called.failures {
        assert_eq!(failure.kind, "Unauthenticated", "{failure:?}");
        assert!(failure.message.contains(INTERRUPTED), "{failure:?}");
    }
    assert_eq!(fixture.mock.count("refresh_token"), 2, "{kill_point:?}");
    let [refresh] = &called.deleted[..] else {
        panic!(
            "{kill_point:?}: the record is removed once, not {}",
            called.deleted.len()
        );
    };
    assert!(
        !fixture.mock.accepts_refresh_token(refresh),
        "{kill_point:?}"
    );
}

async fn every_kill_point(location: impl Fn(&str) -> StoreLocation) {
    the_session_continues(KillPoint::At(Point::Leased), location("leased")).await;
    the_session_continues(KillPoint::At(Point::Read), location("read")).await;
    the_session_continues(KillPoint::At(Point::Marked), location("marked")).await;
    the_session_continues(KillPoint::Sent, location("sent")).await;
    the_session_ends(KillPoint::Processed, location("processed")).await;
    the_session_ends(KillPoint::At(Point::Responded), location("answered")).await;
}

#[tokio::test]
async fn a_killed_refresh_ends_the_session_on_redis_only_if_the_server_processed_it() {
    let redis = StoreServer::redis();
    every_kill_point(|_| redis.location()).await;
}

#[tokio::test]
async fn a_killed_refresh_ends_the_session_on_postgres_only_if_the_server_processed_it() {
    let postgres = StoreServer::postgres();
    every_kill_point(|_| postgres.location()).await;
}

#[tokio::test]
async fn a_killed_refresh_ends_the_session_on_sqlite_only_if_the_server_processed_it() {
    let folder = tempfile::tempdir().unwrap();
    every_kill_point(|name| StoreLocation::Sqlite(folder.path().join(name))).await;
}
