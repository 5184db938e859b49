//! The store in memory is bounded, and purges expired entries by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use tokio::time::sleep;
use vestibule::store::{MemoryStore, Record, SessionStore, StoreError, StoreKey};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(50);

fn key(number: u8) -> StoreKey {
    StoreKey::new([number; 32])
}

fn record() -> Record {
    Record::new(b"a record".to_vec())
}

#[tokio::test]
async fn records_and_leases_share_one_bound() {
    let store = MemoryStore::with_capacity(2);
    store.create(&key(1), record(), LONG).await.unwrap();
    store.acquire(&key(2), LONG).await.unwrap();
    let third = store.create(&key(3), record(), LONG).await;
    assert!(matches!(third, Err(StoreError::Full)));
    let third = store.acquire(&key(3), LONG).await;
    assert!(matches!(third, Err(StoreError::Full)));
    store.acquire(&key(1), LONG).await.unwrap().unwrap();
    store.create(&key(2), record(), LONG).await.unwrap();
}

#[tokio::test]
async fn expired_entries_free_capacity() {
    let store = MemoryStore::with_capacity(100);
    for number in 0..50 {
        store.create(&key(number), record(), SHORT).await.unwrap();
        store.acquire(&key(number + 50), SHORT).await.unwrap();
    }
    assert!(matches!(
        store.create(&key(200), record(), LONG).await,
        Err(StoreError::Full)
    ));
    sleep(SHORT * 2).await;
    for number in 100..200 {
        store.create(&key(number), record(), LONG).await.unwrap();
    }
    assert!(matches!(
        store.acquire(&key(200), LONG).await,
        Err(StoreError::Full)
    ));
    store.delete(&key(150)).await.unwrap();
    store.acquire(&key(200), LONG).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_released_lease_without_a_record_frees_capacity() {
    let store = MemoryStore::with_capacity(1);
    for number in 0..20 {
        let fence = store.acquire(&key(number), LONG).await.unwrap().unwrap();
        store.release(&key(number), fence).await.unwrap();
    }
    store.create(&key(100), record(), LONG).await.unwrap();
}
