//! A process that is frozen in the middle of a refresh, and thawed when others have continued.

use std::time::{Duration, Instant};

use super::fixture::Fixture;
use super::protocol::{Point, StoreLocation, WorkerCommand};
use super::store_server::StoreServer;
use super::workers::{Called, Worker};

/// Freezes the lease holder at `point` until another worker has made its calls. Returns the outcome of
/// the other's calls, and the holder when its own calls have ended.
///
/// The step of the store at which the holder was frozen has taken too long, so these calls may have failed.
async fn frozen_at(point: Point, location: StoreLocation) -> (Fixture, String, Called, Worker) {
    let fixture = Fixture::on(location).await;
    let session = fixture.sign_in_expired("+43123456789").await;
    let mut setup = fixture.setup.clone();
    setup.wait_at = Some(point);
    let mut holder = Worker::start(&setup).await;
    let mut other = Worker::start(&fixture.setup).await;
    holder.begin_calls(&session, 5).await;
    holder.may_explain(point).await;
    holder.freeze();
    let others = other.call(&session, 5).await;
    holder.thaw();
    holder.send(&WorkerCommand::Continue).await;
    for failure in holder.called().await.failures {
        assert!(
            ["Unavailable", "Unauthenticated"].contains(&&*failure.kind),
            "{failure:?}"
        );
    }
    (fixture, session, others, holder)
}

/// The holder adopts the tokens of the other, and its calls succeed.
async fn the_holder_adopts_the_newer_token(point: Point, location: StoreLocation) {
    let (fixture, session, others, mut holder) = frozen_at(point, location).await;
    assert_eq!(others.succeeded, 5, "{point:?}: {:?}", others.failures);
    let holders = holder.call(&session, 5).await;
    assert_eq!(holders.succeeded, 5, "{point:?}: {:?}", holders.failures);
    assert!(others.access.is_some());
    assert_eq!(holders.access, others.access, "{point:?}");
    let stored = fixture.stored_refresh(&session).await.unwrap();
    assert!(fixture.mock.accepts_refresh_token(&stored), "{point:?}");
    assert_eq!(fixture.mock.count("refresh_token"), 1, "{point:?}");
}

/// The other has ended the session because the outcome of the exchange was unknown. The holder
/// stores its response too late: it does not revive the session, and uses it no longer than until its
/// save has found that out.
async fn the_holder_does_not_revive_the_session(location: StoreLocation) {
    let (fixture, session, others, mut holder) = frozen_at(Point::Responded, location).await;
    assert_eq!(others.succeeded, 0);
    for failure in &others.failures {
        assert_eq!(failure.kind, "Unauthenticated", "{failure:?}");
    }
    let began = Instant::now();
    loop {
        let holders = holder.call(&session, 5).await;
        if holders.succeeded == 0 {
            for failure in &holders.failures {
                assert_eq!(failure.kind, "Unauthenticated", "{failure:?}");
            }
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it is used on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(fixture.stored_refresh(&session).await, None);
}

async fn every_point(location: impl Fn(&str) -> StoreLocation) {
    the_holder_adopts_the_newer_token(Point::Leased, location("leased")).await;
    the_holder_adopts_the_newer_token(Point::Read, location("read")).await;
    the_holder_adopts_the_newer_token(Point::Marked, location("marked")).await;
    the_holder_does_not_revive_the_session(location("answered")).await;
}

#[tokio::test]
async fn a_thawed_lease_holder_writes_no_stale_data_to_redis() {
    let redis = StoreServer::redis();
    every_point(|_| redis.location()).await;
}

#[tokio::test]
async fn a_thawed_lease_holder_writes_no_stale_data_to_postgres() {
    let postgres = StoreServer::postgres();
    every_point(|_| postgres.location()).await;
}

#[tokio::test]
async fn a_thawed_lease_holder_writes_no_stale_data_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    every_point(|name| StoreLocation::Sqlite(folder.path().join(name))).await;
}
