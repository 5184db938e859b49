//! A process that is frozen in the middle of a renewal, and wakes up when others have gone on.

use super::fixture::Fixture;
use super::orders::{Order, Place, Point};
use super::support::redis_server::RedisServer;
use super::workers::{Called, Worker};

/// The holder is frozen at `point` until another has made its calls. What came of the calls of the
/// other, then of the holder's.
async fn frozen_at(point: Point, place: Place) -> (Fixture, String, Called, Called) {
    let fixture = Fixture::on(place).await;
    let session = fixture.sign_in_expired("+43123456789").await;
    let mut setup = fixture.setup.clone();
    setup.wait_at = Some(point);
    let mut holder = Worker::start(&setup).await;
    let mut other = Worker::start(&fixture.setup).await;
    holder.begin_calls(&session, 5).await;
    holder.reaches(point).await;
    holder.freeze();
    let others = other.call(&session, 5).await;
    holder.thaw();
    holder.order(&Order::GoOn).await;
    let holders = holder.called().await;
    (fixture, session, others, holders)
}

/// The holder takes over what the other has got, and its callers do not notice.
async fn the_holder_adopts_the_newer_token(point: Point, place: Place) {
    let (fixture, session, others, holders) = frozen_at(point, place).await;
    assert_eq!(others.succeeded, 5, "{point:?}: {:?}", others.failures);
    assert_eq!(holders.succeeded, 5, "{point:?}: {:?}", holders.failures);
    assert!(others.access.is_some());
    assert_eq!(holders.access, others.access, "{point:?}");
    let stored = fixture.stored_refresh(&session).await.unwrap();
    assert!(fixture.mock.accepts_refresh_token(&stored), "{point:?}");
}

/// The other has ended the session because nobody knew the answer, which the holder brings too
/// late: it does not bring the session back.
async fn the_holder_does_not_revive_the_session(place: Place) {
    let (fixture, session, others, holders) = frozen_at(Point::Answered, place).await;
    assert_eq!((others.succeeded, holders.succeeded), (0, 0));
    let failures = others.failures.iter().chain(&holders.failures);
    for failure in failures {
        assert_eq!(failure.kind, "SignInAgain", "{failure:?}");
    }
    assert_eq!(fixture.stored_refresh(&session).await, None);
}

async fn every_point(place: impl Fn(&str) -> Place) {
    the_holder_adopts_the_newer_token(Point::Leased, place("leased")).await;
    the_holder_adopts_the_newer_token(Point::Read, place("read")).await;
    the_holder_adopts_the_newer_token(Point::Marked, place("marked")).await;
    the_holder_does_not_revive_the_session(place("answered")).await;
}

#[tokio::test]
async fn a_frozen_holder_that_wakes_up_writes_nothing_old_to_redis() {
    let redis = RedisServer::start();
    every_point(|_| Place::Redis(redis.url())).await;
}

#[tokio::test]
async fn a_frozen_holder_that_wakes_up_writes_nothing_old_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    every_point(|name| Place::Sqlite(folder.path().join(name))).await;
}
