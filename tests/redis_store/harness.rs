//! A store in Redis, and short helpers for its operations.
#![allow(dead_code)]

use std::io::ErrorKind as Io;
use std::time::Duration;

use vestibule::store::{
    Record, RedisStore, Sealing, SealingKey, SessionStore, StoreError, StoreKey, Version,
};

pub const LONG: Duration = Duration::from_secs(60);
pub const TIMEOUT: Duration = Duration::from_millis(500);

pub fn sealed() -> Sealing {
    Sealing::keys(SealingKey::new(1, [7; 32]), [])
}

pub fn key(number: u8) -> StoreKey {
    StoreKey::new([number; 32])
}

pub fn record() -> Record {
    Record::new(b"a record".to_vec())
}

pub async fn open(url: String) -> RedisStore {
    let store = RedisStore::builder(url, sealed()).timeout(TIMEOUT);
    store.build().await.unwrap()
}

pub async fn create(store: &RedisStore, number: u8) -> Result<Version, StoreError> {
    store.create(&key(number), record(), LONG).await
}

pub fn kind<T>(response: Result<T, StoreError>) -> Io {
    match response {
        Err(StoreError::Unavailable(kind)) => kind,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("no error"),
    }
}
