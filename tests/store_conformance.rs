//! Every store of the crate passes the conformance suite of `SessionStore`, sealed and plain.
#![cfg(all(
    feature = "sqlite",
    feature = "redis",
    feature = "postgres",
    target_os = "linux"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
#[path = "../examples/custom_store.rs"]
mod custom_store;
mod support;

use std::path::Path;
use std::sync::Arc;

use custom_store::CustomStore;
use support::postgres_server::PostgresServer;
use support::redis_server::RedisServer;
use vestibule::store::{
    MemoryStore, PostgresStore, RedisStore, Sealed, Sealing, SealingKey, SessionStore, SqliteStore,
};
use vestibule::testing::store_conformance;

fn keys() -> Sealing {
    Sealing::keys(SealingKey::new(1, [7; 32]), [])
}

async fn passes(name: &str, store: impl SessionStore) {
    let report = store_conformance(Arc::new(store)).await;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    support::conformance::note(&target, name, &report);
    report.assert_passed();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_store_keeps_every_promise() {
    let folder = tempfile::tempdir().unwrap();
    let redis = RedisServer::start();
    let sqlite = |name: &str, sealing| SqliteStore::open(folder.path().join(name), sealing);
    passes("memory", MemoryStore::new()).await;
    passes("custom", CustomStore::default()).await;
    passes("memory-sealed", Sealed::new(MemoryStore::new(), keys())).await;
    let plain = sqlite("plain.db", Sealing::plaintext()).await.unwrap();
    passes("sqlite", plain).await;
    let sealed = sqlite("sealed.db", keys()).await.unwrap();
    passes("sqlite-sealed", sealed).await;
    let postgres = PostgresServer::start();
    let plain = PostgresStore::open(postgres.url(), Sealing::plaintext()).await;
    passes("postgres", plain.unwrap()).await;
    let sealed = PostgresStore::builder(postgres.url(), keys()).schema("sealed");
    passes("postgres-sealed", sealed.build().await.unwrap()).await;
    let plain = RedisStore::open(redis.url(), Sealing::plaintext()).await;
    passes("redis", plain.unwrap()).await;
    let sealed = RedisStore::builder(redis.url(), keys()).prefix("sealed:");
    passes("redis-sealed", sealed.build().await.unwrap()).await;
}
