//! The store in Redis: its keys, versions and fences, over TLS and in a cluster.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "redis_store/certificates.rs"]
mod certificates;
#[path = "redis_store/harness.rs"]
mod harness;
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use harness::open;
use support::free_port;
use support::redis_server::RedisServer;
use support::store_steps::{
    LONG, create, invalid_setting, key, kind, numbers_keep_increasing, sealed,
};
use vestibule::redis::Client;
use vestibule::redis::cluster::ClusterClient;
use vestibule::store::{Record, RedisStore, SessionStore, StoreError};

#[tokio::test]
async fn scripts_that_redis_has_flushed_are_sent_again() {
    let redis = RedisServer::start();
    let store = open(redis.url()).await;
    create(&store, 1).await.unwrap();
    redis.command("SCRIPT FLUSH");
    create(&store, 2).await.unwrap();
    assert!(store.acquire(&key(1), LONG).await.unwrap().is_some());
}

#[tokio::test]
async fn numbers_keep_increasing_after_redis_has_lost_its_data() {
    let redis = RedisServer::start();
    let store = open(redis.url()).await;
    numbers_keep_increasing(&store, || drop(redis.command("FLUSHALL"))).await;
}

#[tokio::test]
async fn every_key_has_the_prefix_and_an_expiry_and_shows_no_secret() {
    let redis = RedisServer::start();
    let builder = RedisStore::builder(redis.url(), sealed()).prefix("shop:");
    let store = builder.build().await.unwrap();
    let secret = b"a secret token";
    store
        .create(&key(1), Record::new(secret.to_vec()), LONG)
        .await
        .unwrap();
    store.acquire(&key(1), LONG).await.unwrap();
    store.acquire(&key(2), LONG).await.unwrap();
    create(&store, 3).await.unwrap();
    store.delete(&key(3)).await.unwrap();
    let response = redis.command("KEYS *");
    let keys: Vec<&str> = response.lines().filter(|line| line.contains(':')).collect();
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
async fn invalid_settings_are_refused() {
    for url in ["", "http://localhost", "redis://", "localhost:6379"] {
        let opened = RedisStore::open(url, sealed()).await;
        assert_eq!(invalid_setting(opened), "url", "{url}");
    }
    let local = || RedisStore::builder("redis://localhost", sealed());
    for prefix in ["{sessions}", "}"] {
        let built = local().prefix(prefix).build().await;
        assert_eq!(invalid_setting(built), "prefix", "{prefix}");
    }
    let with_tls = || RedisStore::builder("rediss://localhost", sealed());
    let built = with_tls().root_certificates("no PEM").build().await;
    assert_eq!(invalid_setting(built), "root_certificates");
    let built = with_tls().client_identity("no PEM").build().await;
    assert_eq!(invalid_setting(built), "client_identity");
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    let authority = std::fs::read(folder.path().join("ca.pem")).unwrap();
    let built = local().root_certificates(authority).build().await;
    assert_eq!(invalid_setting(built), "root_certificates");
    let built = local().sentinel_password("secret").build().await;
    assert_eq!(invalid_setting(built), "sentinel_password");
}

#[tokio::test]
async fn hosts_beyond_this_machine_need_tls_unless_it_is_allowed_without() {
    for url in [
        "redis://cache.internal",
        "redis://10.0.0.1:6379",
        "redis://[2001:db8::1]",
    ] {
        let builder = || RedisStore::builder(url, sealed());
        assert_eq!(invalid_setting(builder().build().await), "url", "{url}");
        let others = ["rediss://other.internal".into()];
        let cluster = builder().cluster(others).build().await;
        assert_eq!(invalid_setting(cluster), "url", "{url}");
        let sentinel = builder().sentinel("sessions", []).build().await;
        assert_eq!(invalid_setting(sentinel), "url", "{url}");
        builder().allow_plain_tcp(true).build().await.unwrap();
    }
    for url in [
        "redis://localhost",
        "redis://127.0.0.2",
        "redis://[::1]:6379",
        "rediss://10.0.0.1",
    ] {
        RedisStore::open(url, sealed()).await.unwrap();
    }
}

#[tokio::test]
async fn hosts_that_name_others_need_tls_wherever_they_are() {
    for (first, more) in [
        ("redis://:secret@localhost", "redis://localhost:6380"),
        (
            "redis://:secret@localhost",
            "rediss://:secret@other.internal",
        ),
        (
            "rediss://:secret@localhost",
            "redis://:secret@localhost:6380",
        ),
    ] {
        let builder = || RedisStore::builder(first, sealed());
        let cluster = || builder().cluster([more.into()]);
        let sentinel = || builder().sentinel("sessions", [more.into()]);
        assert_eq!(invalid_setting(cluster().build().await), "url", "{first}");
        assert_eq!(invalid_setting(sentinel().build().await), "url", "{first}");
        sentinel().allow_plain_tcp(true).build().await.unwrap();
    }
    let tls = || RedisStore::builder("rediss://:secret@localhost", sealed());
    tls().sentinel("sessions", []).build().await.unwrap();
    tls().cluster([]).build().await.unwrap();
}

#[tokio::test]
async fn the_nodes_of_a_cluster_have_the_same_password() {
    let cluster = RedisStore::builder("rediss://:secret@one.internal", sealed());
    let built = cluster.cluster(["rediss://two.internal".into()]).build();
    assert_eq!(invalid_setting(built.await), "cluster");
}

#[tokio::test]
async fn the_connection_of_a_caller_is_used() {
    let redis = RedisServer::start();
    let client = Client::open(redis.url()).unwrap();
    let connection = client.get_connection_manager().await.unwrap();
    let builder = || RedisStore::builder_with_manager(connection.clone(), sealed());
    let store = builder().prefix("shared:").build().await.unwrap();
    create(&store, 1).await.unwrap();
    assert!(store.load(&key(1)).await.unwrap().is_some());
    assert!(redis.command("KEYS *").contains("shared:{"));
    let built = builder().allow_plain_tcp(true).build().await;
    let error = vestibule::Error::from(built.unwrap_err());
    assert_eq!(error.field(), Some("allow_plain_tcp"));
}

fn with_tls(folder: &Path, clients: &str) -> (RedisServer, String) {
    certificates::make(folder);
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
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
        clients,
    ]);
    (redis, format!("rediss://127.0.0.1:{port}"))
}

#[tokio::test]
async fn tls_accepts_only_the_configured_authority() {
    let folder = tempfile::tempdir().unwrap();
    let (redis, url) = with_tls(folder.path(), "no");
    let authority = std::fs::read(folder.path().join("ca.pem")).unwrap();
    let with_authority = RedisStore::builder(url.clone(), sealed()).root_certificates(authority);
    let with_authority = with_authority.build().await.unwrap();
    create(&with_authority, 1).await.unwrap();
    assert!(with_authority.load(&key(1)).await.unwrap().is_some());
    let without_authority = open(url).await;
    assert!(matches!(
        create(&without_authority, 2).await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(redis.command("KEYS *").contains(":record"));
}

#[tokio::test]
async fn a_server_that_asks_for_a_client_certificate_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_redis, url) = with_tls(folder.path(), "yes");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let builder = || {
        let builder = RedisStore::builder(url.clone(), sealed());
        builder.root_certificates(read("ca.pem"))
    };
    let without = builder().build().await.unwrap();
    kind(create(&without, 1).await);
    let identity = read("server.pem") + &read("server.key");
    let with_identity = builder().client_identity(identity).build().await.unwrap();
    create(&with_identity, 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_of_a_cluster_is_used() {
    let cluster = ["--cluster-enabled", "yes"];
    let nodes: Vec<RedisServer> = (0..3).map(|_| RedisServer::start_with(&cluster)).collect();
    for (place, node) in nodes.iter().enumerate() {
        let first = place * 5_462;
        let last = (first + 5_461).min(16_383);
        let response = node.command(&format!("CLUSTER ADDSLOTSRANGE {first} {last}"));
        assert!(response.starts_with("+OK"), "{response}");
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
    let store = store.allow_plain_tcp(true).build().await.unwrap();
    let report = vestibule::testing::store_conformance(std::sync::Arc::new(store)).await;
    report.assert_passed();
    let client = ClusterClient::new(nodes.iter().map(RedisServer::url)).unwrap();
    let connection = client.get_async_connection().await.unwrap();
    let given = RedisStore::builder_with_cluster(connection, sealed());
    create(&given.build().await.unwrap(), 1).await.unwrap();
    for node in &nodes {
        assert!(
            node.command("KEYS *").contains(":record"),
            "every node has records"
        );
    }
}
