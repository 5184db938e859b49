//! A store in Redis.
#![allow(dead_code)]

use vestibule::store::RedisStore;

use super::support::store_steps::{TIMEOUT, sealed};

pub async fn open(url: String) -> RedisStore {
    let store = RedisStore::builder(url, sealed()).timeout(TIMEOUT);
    store.build().await.unwrap()
}
