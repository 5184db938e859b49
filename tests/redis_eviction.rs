//! A Redis that removes sessions when its memory is full is warned of, once.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::{Duration, Instant};

use support::log::Log;
use support::redis_server::RedisServer;
use support::store_steps::{create, sealed};
use tracing_subscriber::filter::LevelFilter;
use vestibule::store::RedisStore;

const WARNING: &str = "set `maxmemory-policy` to `noeviction`";

#[tokio::test]
async fn a_policy_that_evicts_is_warned_of_once() {
    let log = Log::start(LevelFilter::WARN);
    let safe = RedisServer::start();
    let store = RedisStore::open(safe.url(), sealed()).await.unwrap();
    create(&store, 1).await.unwrap();
    let evicting = RedisServer::start_with(&["--maxmemory-policy", "volatile-lru"]);
    let store = RedisStore::open(evicting.url(), sealed()).await.unwrap();
    for number in 1..4 {
        create(&store, number).await.unwrap();
    }
    let begun = Instant::now();
    while !log.text().contains(WARNING) {
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", log.text());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let text = log.text();
    assert_eq!(text.matches(WARNING).count(), 1, "{text}");
    assert!(text.contains("volatile-lru"), "{text}");
}
