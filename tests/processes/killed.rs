//! What becomes of a session whose renewal dies with its process, point by point.

use std::time::{Duration, Instant};

use vestibule::testing::{Fault, FaultRule};

use super::fixture::Fixture;
use super::orders::{Place, Point};
use super::support::redis_server::RedisServer;
use super::workers::{Called, Worker};

pub const INTERRUPTED: &str = "an earlier refresh was interrupted, and the server refused another";

/// Where the holder of the lease dies.
#[derive(Clone, Copy, Debug)]
enum Death {
    At(Point),
    /// The server has not got the request, and never will.
    Sent,
    /// The server has processed the request, and its answer is on the way.
    Processed,
}

/// Others make calls while the holder renews the session and dies.
async fn others_after(death: Death, place: Place) -> (Fixture, Called) {
    let fixture = Fixture::on(place).await;
    let session = fixture.sign_in_expired("+43123456789").await;
    let mut setup = fixture.setup.clone();
    match death {
        Death::At(point) => setup.wait_at = Some(point),
        Death::Sent => spoil_refresh(&fixture, Fault::Silence),
        Death::Processed => spoil_refresh(&fixture, Fault::StallBeforeHead),
    }
    let mut holder = Worker::start(&setup).await;
    let mut other = Worker::start(&fixture.setup).await;
    holder.begin_calls(&session, 5).await;
    match death {
        Death::At(point) => holder.reaches(point).await,
        Death::Sent => {
            let arrived = |path: &str| path.ends_with("/refresh-token");
            while !fixture.proxy.requests().iter().any(|it| arrived(&it.path)) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        Death::Processed => fixture.refreshes_reach(1).await,
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

/// The server has not processed the dead renewal: nobody notices.
async fn the_session_goes_on(death: Death, place: Place) {
    let (fixture, called) = others_after(death, place).await;
    assert_eq!(called.succeeded, 50, "{death:?}: {:?}", called.failures);
    assert_eq!(fixture.mock.count("refresh_token"), 1, "{death:?}");
}

/// The server has processed it and nobody knows the new tokens: the session ends and says why, when
/// the old token was presented once more.
async fn the_session_ends(death: Death, place: Place) {
    let (fixture, called) = others_after(death, place).await;
    assert_eq!(called.failures.len(), 50, "{death:?}");
    for failure in &called.failures {
        assert_eq!(failure.kind, "SignInAgain", "{failure:?}");
        assert!(failure.message.contains(INTERRUPTED), "{failure:?}");
    }
    assert_eq!(fixture.mock.count("refresh_token"), 2, "{death:?}");
    let [refresh] = &called.deleted[..] else {
        panic!(
            "{death:?}: the record is removed once, not {}",
            called.deleted.len()
        );
    };
    assert!(!fixture.mock.accepts_refresh_token(refresh), "{death:?}");
}

async fn every_death(place: impl Fn(&str) -> Place) {
    the_session_goes_on(Death::At(Point::Leased), place("leased")).await;
    the_session_goes_on(Death::At(Point::Read), place("read")).await;
    the_session_goes_on(Death::At(Point::Marked), place("marked")).await;
    the_session_goes_on(Death::Sent, place("sent")).await;
    the_session_ends(Death::Processed, place("processed")).await;
    the_session_ends(Death::At(Point::Answered), place("answered")).await;
}

#[tokio::test]
async fn a_dead_renewal_costs_the_session_on_redis_only_if_the_server_processed_it() {
    let redis = RedisServer::start();
    every_death(|_| Place::Redis(redis.url())).await;
}

#[tokio::test]
async fn a_dead_renewal_costs_the_session_on_sqlite_only_if_the_server_processed_it() {
    let folder = tempfile::tempdir().unwrap();
    every_death(|name| Place::Sqlite(folder.path().join(name))).await;
}
