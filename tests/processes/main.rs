//! Several processes share sessions over real Redis, PostgreSQL and SQLite.
#![cfg(all(
    feature = "wunder",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite",
    target_os = "linux"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../redis_store/addresses.rs"]
mod addresses;
mod concurrent_calls;
#[path = "../sqlite_store/disk.rs"]
mod disk;
mod failover;
mod fixture;
mod frozen;
mod killed;
mod outages;
mod protocol;
mod random_kills;
mod soak;
mod stepped_store;
mod store_server;
mod worker;
mod workers;
