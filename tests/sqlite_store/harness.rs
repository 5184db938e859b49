//! A store in a file, and short helpers for its operations.
#![allow(dead_code)]

use std::io::ErrorKind as Io;
use std::path::Path;
use std::time::Duration;

use vestibule::store::{
    Fence, Record, Sealing, SealingKey, SessionStore, SqliteStore, StoreError, StoreKey, Version,
};

pub const LONG: Duration = Duration::from_secs(60);

pub fn sealed() -> Sealing {
    Sealing::keys(SealingKey::new(1, [7; 32]), [])
}

pub fn key(number: u32) -> StoreKey {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    StoreKey::new(bytes)
}

pub fn record(length: usize) -> Record {
    Record::new(vec![0x5a; length])
}

pub async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, sealed()).await
}

pub async fn create(store: &SqliteStore, number: u32) -> Result<Version, StoreError> {
    store.create(&key(number), record(8_000), LONG).await
}

pub async fn swap(
    store: &SqliteStore,
    number: u32,
    expected: Version,
    length: usize,
    fence: Option<Fence>,
) -> Result<Version, StoreError> {
    let key = key(number);
    let swap = store.compare_and_swap(&key, expected, record(length), LONG, fence);
    swap.await
}

pub fn kind<T>(response: Result<T, StoreError>) -> Io {
    match response {
        Err(StoreError::Unavailable(kind)) => kind,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("no error"),
    }
}
