//! A primary that Sentinels name: found, lost, and found again after a fail-over.
#![cfg(all(feature = "redis", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use support::sentinel::{SERVICE, WatchedServers};
use support::store_steps::{LONG, create, key, kind, record, sealed, works_again};
use vestibule::store::{RedisStore, SessionStore};

fn store(urls: &[String], service: &str) -> vestibule::store::RedisBuilder {
    let more = urls[1..].iter().map(|url| url.as_str().into());
    RedisStore::builder(urls[0].as_str(), sealed())
        .sentinel(service, more)
        .allow_plain_tcp(true)
        .timeout(Duration::from_secs(5))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_replica_is_found_and_the_old_primary_is_left() {
    let mut watched = WatchedServers::start();
    let store = store(&watched.urls(), SERVICE).wait_replicas(1);
    let store = store.build().await.unwrap();
    let version = create(&store, 1).await.unwrap();
    watched.servers[0].kill();
    kind(create(&store, 2).await);
    let promoted = watched.wait_for_fail_over().port();
    works_again(&store).await;
    let first = key(1);
    let swap = |version| store.compare_and_swap(&first, version, record(), LONG, None);
    let version = swap(version).await.unwrap();
    // The old primary comes back and becomes a replica of the new one.
    watched.servers[0].restart();
    assert!(swap(version).await.unwrap() > version);
    let promoted = watched
        .servers
        .iter()
        .find(|server| server.port() == promoted);
    assert!(promoted.unwrap().command("KEYS *").contains(":record"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_service_is_reported() {
    let watched = WatchedServers::start();
    let store = store(&watched.urls(), "another").build().await.unwrap();
    assert_eq!(kind(create(&store, 1).await), std::io::ErrorKind::NotFound);
}
