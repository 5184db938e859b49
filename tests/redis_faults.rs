//! Typed errors while Redis is down, slow, full or read-only, and recovery afterwards.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "redis_store/addresses.rs"]
mod addresses;
#[path = "redis_store/harness.rs"]
mod harness;
mod support;

use std::io::ErrorKind as Io;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use addresses::{FakeRedis, MovableAddress};
use harness::open;
use support::free_port;
use support::redis_server::RedisServer;
use support::store_steps::{
    LONG, TIMEOUT, create, every_step_fails, key, kind, record, sealed, survives_a_crash,
    survives_a_freeze, works_again,
};
use vestibule::ErrorKind;
use vestibule::store::{RedisStore, SessionStore, StoreError, StoreKey};

/// Long enough for a replica on a busy machine.
const PATIENT: Duration = Duration::from_secs(3);

const ONE: StoreKey = StoreKey::new([1; 32]);

#[tokio::test]
async fn a_killed_redis_gives_typed_errors_and_keeps_the_sessions() {
    let mut redis = RedisServer::start();
    let store = open(redis.url()).await;
    let (kill, restart) = (RedisServer::kill, RedisServer::restart);
    survives_a_crash(&store, &mut redis, kill, restart).await;
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
    survives_a_freeze(&store, || redis.freeze(), || redis.thaw()).await;
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
    let error = create(&store, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly), "{error}");
    redis.command("REPLICAOF NO ONE");
    create(&store, 1).await.unwrap();
}

#[tokio::test]
async fn a_demoted_server_is_left_for_the_one_that_the_address_leads_to() {
    let (old, new) = (RedisServer::start(), RedisServer::start());
    new.follow(&old);
    let address = MovableAddress::start(old.port()).await;
    let builder = RedisStore::builder(address.url(), sealed()).timeout(PATIENT);
    let store = builder.wait_replicas(1).build().await.unwrap();
    let version = create(&store, 1).await.unwrap();
    // The open connection still leads to the server that is demoted.
    address.lead_to(new.port());
    new.command("REPLICAOF NO ONE");
    old.follow(&new);
    let swap = |version| store.compare_and_swap(&ONE, version, record(), LONG, None);
    let written = swap(version).await.unwrap();
    assert!(swap(written).await.unwrap() > written);
    assert_eq!(address.connections(), 2);
}

#[tokio::test]
async fn a_server_that_loads_its_data_is_reported_and_left() {
    let fake = FakeRedis::start("LOADING Redis is loading the dataset in memory").await;
    let store = open(fake.url()).await;
    for _ in 0..2 {
        let error = store.load(&ONE).await.unwrap_err();
        assert!(matches!(error, StoreError::Loading), "{error}");
    }
    assert_eq!(fake.connections(), 2);
}

#[tokio::test]
async fn a_node_of_a_cluster_without_the_key_is_reported() {
    let fake = FakeRedis::start("MOVED 3999 127.0.0.1:6381").await;
    let store = open(fake.url()).await;
    let error = create(&store, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Moved), "{error}");
    let error = vestibule::Error::from(error);
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert!(error.to_string().contains("`cluster`"), "{error}");
    assert!(!error.to_string().contains("6381"), "{error}");
}

#[tokio::test]
async fn a_server_without_enough_replicas_is_reported_until_it_has_them() {
    let (primary, replica) = (RedisServer::start(), RedisServer::start());
    let store = open(primary.url()).await;
    primary.command("CONFIG SET min-replicas-to-write 1");
    let error = create(&store, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::TooFewReplicas), "{error}");
    replica.follow(&primary);
    create(&store, 1).await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_save_is_reported() {
    let redis = RedisServer::start_with(&[
        "--appendonly",
        "no",
        "--save",
        "3600 1",
        "--enable-protected-configs",
        "yes",
    ]);
    let store = open(redis.url()).await;
    create(&store, 1).await.unwrap();
    let folder = redis.folder().join("gone");
    std::fs::create_dir(&folder).unwrap();
    redis.command(&format!("CONFIG SET dir {}", folder.display()));
    std::fs::remove_dir(&folder).unwrap();
    redis.command("BGSAVE");
    let begun = Instant::now();
    let error = loop {
        let written = match create(&store, 2).await {
            Ok(_) => store.delete(&key(2)).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            break error;
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(matches!(error, StoreError::NotPersistent), "{error}");
    assert!(store.load(&key(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_write_waits_for_its_replicas() {
    let (primary, replica) = (RedisServer::start(), RedisServer::start());
    let builder = RedisStore::builder(primary.url(), sealed()).timeout(PATIENT);
    let store = builder.wait_replicas(1).build().await.unwrap();
    let error = create(&store, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::TooFewReplicas), "{error}");
    let error = store.acquire(&key(2), LONG).await.unwrap_err();
    assert!(matches!(error, StoreError::TooFewReplicas), "{error}");
    let error = store.delete(&key(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::TooFewReplicas), "{error}");
    replica.follow(&primary);
    // The primary has kept what its replicas did not acknowledge.
    assert!(matches!(create(&store, 1).await, Err(StoreError::Exists)));
    let version = create(&store, 3).await.unwrap();
    let third = key(3);
    let swap = store.compare_and_swap(&third, version, record(), LONG, None);
    let version = swap.await.unwrap();
    primary.freeze();
    replica.command("REPLICAOF NO ONE");
    let promoted = open(replica.url()).await;
    assert_eq!(promoted.load(&third).await.unwrap().unwrap().1, version);
    primary.thaw();
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
