//! The store in Redis: typed errors while Redis is away, slow, full or unwilling, and service again
//! when it is back.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "redis_store/certificates.rs"]
mod certificates;
mod support;

use std::io::ErrorKind as Io;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use support::redis_server::{RedisServer, free_port};
use vestibule::session::{
    Fence, Record, RedisStore, Sealing, SealingKey, SessionStore, StoreError, StoreKey, Version,
};

const LONG: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_millis(500);

fn sealed() -> Sealing {
    Sealing::keys(SealingKey::new(1, [7; 32]), [])
}

fn key(number: u8) -> StoreKey {
    StoreKey::new([number; 32])
}

fn record() -> Record {
    Record::new(b"a record".to_vec())
}

async fn open(url: String) -> RedisStore {
    let store = RedisStore::builder(url, sealed()).timeout(TIMEOUT);
    store.open().await.unwrap()
}

async fn create(store: &RedisStore, number: u8) -> Result<Version, StoreError> {
    store.create(&key(number), record(), LONG).await
}

fn kind<T>(answer: Result<T, StoreError>) -> Io {
    match answer {
        Err(StoreError::Unavailable(kind)) => kind,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("no error"),
    }
}

/// Every step of the store fails with a category, and none takes much longer than it may.
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

/// Waits until a step works again, which must be soon.
async fn works_again(store: &RedisStore) {
    let begun = Instant::now();
    while let Err(error) = store.load(&key(1)).await {
        assert!(begun.elapsed() < Duration::from_secs(10), "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_redis_that_was_killed_is_a_typed_error_and_keeps_the_sessions() {
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
        "the lease goes on"
    );
    let first = key(1);
    let swap = store.compare_and_swap(&first, version, record(), LONG, Some(fence));
    assert!(swap.await.unwrap() > version);
}

#[tokio::test]
async fn a_frozen_redis_is_a_timeout_and_goes_on_when_it_wakes_up() {
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
async fn a_server_that_takes_connections_and_says_nothing_is_a_timeout() {
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
async fn a_full_redis_says_so_and_is_read_all_the_same() {
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
async fn a_replica_that_may_not_write_is_a_typed_error_until_it_is_promoted() {
    let redis = RedisServer::start();
    let store = open(redis.url()).await;
    redis.command(&format!("REPLICAOF 127.0.0.1 {}", free_port()));
    assert_eq!(kind(create(&store, 1).await), Io::ReadOnlyFilesystem);
    redis.command("REPLICAOF NO ONE");
    create(&store, 1).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_a_typed_error_that_does_not_show_it() {
    let redis = RedisServer::start_with(&["--requirepass", "right"]);
    let url = format!("redis://:wr0ng@127.0.0.1:{}/0", redis.port());
    let builder = RedisStore::builder(url.clone(), sealed()).timeout(TIMEOUT);
    assert!(!format!("{builder:?}").contains("wr0ng"));
    let store = builder.open().await.unwrap();
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
async fn a_redis_that_has_no_place_for_a_connection_has_one_later() {
    let redis = RedisServer::start();
    let store = open(redis.url()).await;
    redis.command("CONFIG SET maxclients 1");
    // It counts itself as one.
    let _taken = std::net::TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..3 {
        store.load(&key(1)).await.unwrap_err();
    }
    drop(_taken);
    works_again(&store).await;
    create(&store, 1).await.unwrap();
}

#[tokio::test]
async fn scripts_that_redis_has_forgotten_are_sent_again() {
    let redis = RedisServer::start();
    let store = open(redis.url()).await;
    create(&store, 1).await.unwrap();
    redis.command("SCRIPT FLUSH");
    create(&store, 2).await.unwrap();
    assert!(store.acquire(&key(1), LONG).await.unwrap().is_some());
}

#[tokio::test]
async fn numbers_go_on_increasing_when_redis_has_lost_its_memory() {
    let redis = RedisServer::start();
    let store = open(redis.url()).await;
    let version = create(&store, 1).await.unwrap();
    let fence = store.acquire(&key(1), LONG).await.unwrap().unwrap();
    redis.command("FLUSHALL");
    let after = create(&store, 1).await.unwrap();
    assert!(after > version);
    let first = key(1);
    let late = store.compare_and_swap(&first, after, record(), LONG, Some(fence));
    assert!(matches!(late.await, Err(StoreError::LeaseLost)));
    let newer = store.acquire(&key(1), LONG).await.unwrap().unwrap();
    assert!(newer > fence);
}

#[tokio::test]
async fn every_key_has_the_prefix_and_an_end_and_shows_nothing() {
    let redis = RedisServer::start();
    let builder = RedisStore::builder(redis.url(), sealed()).prefix("shop:");
    let store = builder.open().await.unwrap();
    let secret = b"a token that nobody may see";
    store
        .create(&key(1), Record::new(secret.to_vec()), LONG)
        .await
        .unwrap();
    store.acquire(&key(1), LONG).await.unwrap();
    store.acquire(&key(2), LONG).await.unwrap();
    create(&store, 3).await.unwrap();
    store.delete(&key(3)).await.unwrap();
    let answer = redis.command("KEYS *");
    let keys: Vec<&str> = answer.lines().filter(|line| line.contains(':')).collect();
    assert_eq!(keys.len(), 4, "a record and three guards: {keys:?}");
    for key in keys {
        assert!(key.starts_with("shop:{"), "{key}");
        let left = redis.command(&format!("TTL {key}"));
        let left: i64 = left.trim_start_matches(':').trim().parse().unwrap();
        assert!((1..=3_662).contains(&left), "{key} has {left} s");
    }
    assert!(!redis.command("KEYS *").contains("token"));
    let log = std::fs::read_dir(redis.folder().join("appendonlydir")).unwrap();
    for file in log {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    for url in ["", "http://localhost", "redis://", "localhost:6379"] {
        let refused = kind(RedisStore::open(url, sealed()).await);
        assert_eq!(refused, Io::InvalidInput, "{url}");
    }
    for prefix in ["{sessions}", "}"] {
        let builder = RedisStore::builder("redis://localhost", sealed()).prefix(prefix);
        assert_eq!(kind(builder.open().await), Io::InvalidInput, "{prefix}");
    }
}

#[tokio::test]
async fn records_are_read_over_tls_with_the_right_authority_only() {
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let port = free_port().to_string();
    let redis = RedisServer::start_with(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &file("server.pem"),
        "--tls-key-file",
        &file("server.key"),
        "--tls-ca-cert-file",
        &file("ca.pem"),
        "--tls-auth-clients",
        "no",
    ]);
    let url = format!("rediss://127.0.0.1:{port}");
    let authority = std::fs::read(file("ca.pem")).unwrap();
    let trusting = RedisStore::builder(url.clone(), sealed()).root_certificates(authority);
    let trusting = trusting.open().await.unwrap();
    create(&trusting, 1).await.unwrap();
    assert!(trusting.load(&key(1)).await.unwrap().is_some());
    let strange = open(url).await;
    assert!(matches!(
        create(&strange, 2).await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(redis.command("KEYS *").contains(":record"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_used_as_a_whole() {
    let cluster = ["--cluster-enabled", "yes"];
    let nodes: Vec<RedisServer> = (0..3).map(|_| RedisServer::start_with(&cluster)).collect();
    for (place, node) in nodes.iter().enumerate() {
        let first = place * 5_462;
        let last = (first + 5_461).min(16_383);
        let answer = node.command(&format!("CLUSTER ADDSLOTSRANGE {first} {last}"));
        assert!(answer.starts_with("+OK"), "{answer}");
        node.command(&format!("CLUSTER MEET 127.0.0.1 {}", nodes[0].port()));
    }
    let begun = Instant::now();
    let ready = |node: &RedisServer| {
        let info = node.command("CLUSTER INFO");
        info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
    };
    while !nodes.iter().all(ready) {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the cluster does not form"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let others = [nodes[1].url().into()];
    let store = RedisStore::builder(nodes[0].url(), sealed()).cluster(others);
    let store = store.open().await.unwrap();
    let report = vestibule::testing::store_conformance(std::sync::Arc::new(store)).await;
    report.assert_passed();
    for node in &nodes {
        assert!(
            node.command("KEYS *").contains(":record"),
            "every node has records"
        );
    }
}
