//! Sessions of clients in persistent stores.
#![cfg(all(
    feature = "wunder",
    feature = "goodcity",
    feature = "sqlite",
    feature = "redis"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::Arc;

use support::redis_server::RedisServer;
use vestibule::session::Tokens;
use vestibule::store::{RedisStore, Sealing, SealingKey, SessionStore, SqliteStore};
use vestibule::{ErrorKind, Secret, goodcity, wunder};

const ADDRESS: &str = "http://127.0.0.1:9";

fn sealed(byte: u8) -> Sealing {
    Sealing::keys(SealingKey::new(1, [byte; 32]), [])
}

fn client(store: impl SessionStore) -> wunder::Client {
    let builder = wunder::Client::builder(ADDRESS)
        .tenant("tenant01")
        .signing_key("a key");
    builder.store(Arc::new(store)).build().unwrap()
}

async fn start(store: impl SessionStore) -> Secret {
    let client = client(store);
    let tokens = Tokens::new("an access token", None);
    let session = client.resume_with_tokens(tokens).await.unwrap();
    session.id().clone()
}

/// Resumes the session in another process.
async fn resume(store: impl SessionStore, id: &Secret) -> Result<Secret, ErrorKind> {
    let session = client(store).resume_session(id).await;
    let session = session.map_err(|error| error.kind())?;
    let token = session.access_token().await;
    token.map(Secret::from).map_err(|error| error.kind())
}

#[tokio::test]
async fn a_session_is_resumed_by_another_process_that_has_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let sqlite = async |byte| SqliteStore::open(&path, sealed(byte)).await.unwrap();
    let redis = RedisServer::start();
    let redis = async |byte| RedisStore::open(redis.url(), sealed(byte)).await.unwrap();

    let in_sqlite = start(sqlite(1).await).await;
    let in_redis = start(redis(1).await).await;
    let token = Secret::from("an access token");
    assert_eq!(resume(sqlite(1).await, &in_sqlite).await, Ok(token.clone()));
    assert_eq!(resume(redis(1).await, &in_redis).await, Ok(token));

    // A retry with the same wrong key would not help.
    let wrong = Err(ErrorKind::Misconfigured);
    assert_eq!(resume(sqlite(2).await, &in_sqlite).await, wrong);
    assert_eq!(resume(redis(2).await, &in_redis).await, wrong);
    let not_found = Err(ErrorKind::Unauthenticated);
    assert_eq!(resume(sqlite(1).await, &in_redis).await, not_found);
}

#[tokio::test]
async fn an_id_of_one_system_is_unknown_in_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::open(&path, sealed(1)).await.unwrap();
    let id = start(store.clone()).await;
    let other = goodcity::Client::builder(ADDRESS)
        .app_name("app")
        .store(Arc::new(store));
    let error = other
        .build()
        .unwrap()
        .resume_session(&id)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}
