//! Leases between instances whose clocks differ.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use vestibule::store::{MemoryStore, RedisStore, Sealing, SessionStore, SqliteStore};
use vestibule::{Clock, Secret, Settings};

use super::support::redis_server::RedisServer;
use super::token_server::Server;

/// Two instances whose clocks differ: the second finds the lease of the first, whatever its clock says.
async fn a_stepped_clock_ends_no_lease(store: Arc<impl SessionStore>) {
    let server = Server::new();
    let holder = server.instance(&store);
    let session = holder.sign_in(server.first_tokens()).await.unwrap();
    let stepped = server.clock().another();
    let other = server.instance_with(&store, stepped.clone(), Settings::new());
    let elsewhere = other.resume_session(session.id()).await.unwrap();
    server.delay_next(&[Duration::from_millis(500)]);
    let old: Secret = "access-0".into();
    let first = tokio::spawn({
        let (session, old) = (session.clone(), old.clone());
        async move { session.replace_rejected(&old).await }
    });
    while server.presented().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    // By far more than the lease of 10 s.
    stepped.step(3600);
    let _ = elsewhere.replace_rejected(&old).await;
    first.await.unwrap().unwrap();
    let presented = server.presented();
    let times = presented.iter().filter(|number| **number == 0).count();
    assert_eq!(times, 1, "the marked token was sent again: {presented:?}");
    assert_ne!(stepped.now(), server.clock().now());
}

#[tokio::test]
async fn an_instance_whose_clock_steps_waits_for_the_lease_in_memory() {
    a_stepped_clock_ends_no_lease(Arc::new(MemoryStore::new())).await;
}

#[tokio::test]
async fn an_instance_whose_clock_steps_waits_for_the_lease_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::open(path, Sealing::plaintext()).await.unwrap();
    a_stepped_clock_ends_no_lease(Arc::new(store)).await;
}

#[tokio::test]
async fn an_instance_whose_clock_steps_waits_for_the_lease_in_redis() {
    let redis = RedisServer::start();
    let store = RedisStore::open(redis.url(), Sealing::plaintext());
    a_stepped_clock_ends_no_lease(Arc::new(store.await.unwrap())).await;
}
