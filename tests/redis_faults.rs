//! Typed errors while Redis is down, slow, full or read-only, and recovery afterwards.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "redis_store/harness.rs"]
mod harness;
mod support;

use std::io::ErrorKind as Io;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use harness::{LONG, TIMEOUT, create, key, kind, open, record, sealed};
use support::redis_server::{RedisServer, free_port};
use vestibule::store::{Fence, RedisStore, SessionStore, StoreError, Version};

/// Every operation of the store fails with a category, within the timeout.
async fn every_step_fails(store: &RedisStore) -> Vec<Io> {
    let key = key(1);
    let begun = Instant::now();
    let swap = store.compare_and_swap(&key, Version(1), record(), LONG, None);
    let kinds = vec![
        kind(store.load(&key).await),
        kind(store.create(&key, record(), LONG).await),
        kind(swap.await),
        kind(store.delete(&key).await),
        kind(store.acquire(&key, LONG).await),
        kind(store.extend(&key, Fence(1), LONG).await),
        kind(store.release(&key, Fence(1)).await),
    ];
    let longest = 7 * (TIMEOUT + Duration::from_millis(300));
    assert!(begun.elapsed() < longest, "{:?}", begun.elapsed());
    kinds
}

/// Waits until an operation succeeds again, within a time limit.
async fn works_again(store: &RedisStore) {
    let begun = Instant::now();
    while let Err(error) = store.load(&key(1)).await {
        assert!(begun.elapsed() < Duration::from_secs(10), "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_killed_redis_gives_typed_errors_and_keeps_the_sessions() {
    let mut redis = RedisServer::start();
    let store = open(redis.url()).await;
    let version = create(&store, 1).await.unwrap();
    let fence = store.acquire(&key(1), LONG).await.unwrap().unwrap();
    redis.kill();
    let kinds = every_step_fails(&store).await;
    let away = |kind: &Io| {
        matches!(
            kind,
            Io::ConnectionRefused | Io::ConnectionReset | Io::TimedOut
        )
    };
    assert!(kinds.iter().all(away), "{kinds:?}");
    redis.restart();
    works_again(&store).await;
    let (found, after) = store.load(&key(1)).await.unwrap().unwrap();
    assert_eq!((found.expose(), after), (record().expose(), version));
    assert_eq!(
        store.acquire(&key(1), LONG).await.unwrap(),
        None,
        "the lease is extended"
    );
    let first = key(1);
    let swap = store.compare_and_swap(&first, version, record(), LONG, Some(fence));
    assert!(swap.await.unwrap() > version);
}

#[tokio::test]
async fn the_first_step_after_an_outage_works() {
    let mut redis = RedisServer::start();
    let store = open(redis.url()).await;
    let version = create(&store, 1).await.unwrap();
    for steps_meanwhile in [0, 1, 3] {
        redis.kill();
        // The driver notices the lost connection by itself, and tries to reconnect in vain.
        tokio::time::sleep(Duration::from_millis(500)).await;
        for _ in 0..steps_meanwhile {
            kind(store.load(&key(1)).await);
        }
        redis.restart();
        assert_eq!(store.load(&key(1)).await.unwrap().unwrap().1, version);
    }
}

#[tokio::test]
async fn a_frozen_redis_times_out_and_recovers() {
    let redis = RedisServer::start();
    let store = open(redis.url()).await;
    create(&store, 2).await.unwrap();
    redis.freeze();
    let kinds = every_step_fails(&store).await;
    assert!(kinds.iter().all(|kind| *kind == Io::TimedOut), "{kinds:?}");
    redis.thaw();
    works_again(&store).await;
    create(&store, 3).await.unwrap();
    assert!(store.load(&key(2)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = open(format!("redis://{}", silent.local_addr().unwrap())).await;
    let kinds = every_step_fails(&store).await;
    assert!(kinds.iter().all(|kind| *kind == Io::TimedOut), "{kinds:?}");
}

#[tokio::test]
async fn a_service_starts_while_redis_is_down() {
    let mut redis = RedisServer::start();
    redis.kill();
    let store = open(redis.url()).await;
    every_step_fails(&store).await;
    redis.restart();
    works_again(&store).await;
    create(&store, 1).await.unwrap();
}

#[tokio::test]
async fn a_full_redis_is_reported_and_stays_readable() {
    let redis = RedisServer::start();
    let store = open(redis.url()).await;
    let version = create(&store, 1).await.unwrap();
    redis.command("CONFIG SET maxmemory 1");
    assert!(matches!(create(&store, 2).await, Err(StoreError::Full)));
    assert!(matches!(
        store.acquire(&key(2), LONG).await,
        Err(StoreError::Full)
    ));
    assert_eq!(store.load(&key(1)).await.unwrap().unwrap().1, version);
    store.delete(&key(1)).await.unwrap();
    redis.command("CONFIG SET maxmemory 0");
    create(&store, 2).await.unwrap();
}

#[tokio::test]
async fn a_read_only_replica_gives_a_typed_error_until_it_is_promoted() {
    let redis = RedisServer::start();
    let store = open(redis.url()).await;
    redis.command(&format!("REPLICAOF 127.0.0.1 {}", free_port()));
    assert_eq!(kind(create(&store, 1).await), Io::ReadOnlyFilesystem);
    redis.command("REPLICAOF NO ONE");
    create(&store, 1).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_gives_a_typed_error_that_does_not_show_it() {
    let redis = RedisServer::start_with(&["--requirepass", "right"]);
    let url = format!("redis://:wr0ng@127.0.0.1:{}/0", redis.port());
    let builder = RedisStore::builder(url.clone(), sealed()).timeout(TIMEOUT);
    assert!(!format!("{builder:?}").contains("wr0ng"));
    let store = builder.build().await.unwrap();
    assert!(!format!("{store:?}").contains("wr0ng"));
    for _ in 0..3 {
        let error = store.load(&key(1)).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("wr0ng"));
        assert_eq!(kind(Err::<(), _>(error)), Io::PermissionDenied);
    }
    let right = open(format!("redis://:right@127.0.0.1:{}", redis.port())).await;
    create(&right, 1).await.unwrap();
    redis.command("AUTH right\r\nACL SETUSER default resetpass >wr0ng");
    works_again(&store).await;
    create(&store, 2).await.unwrap();
}

#[tokio::test]
async fn a_redis_at_its_connection_limit_recovers() {
    let redis = RedisServer::start();
    let store = open(redis.url()).await;
    redis.command("CONFIG SET maxclients 1");
    // The server counts this connection as one.
    let _taken = std::net::TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..3 {
        store.load(&key(1)).await.unwrap_err();
    }
    drop(_taken);
    works_again(&store).await;
    create(&store, 1).await.unwrap();
}
