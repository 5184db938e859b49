//! One session shared by several processes: what it survives, over real Redis and SQLite.
#![cfg(all(
    feature = "wunder",
    feature = "redis",
    feature = "sqlite",
    target_os = "linux"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../sqlite_store/disk.rs"]
mod disk;
mod fixture;
mod frozen;
mod killed;
mod orders;
mod outages;
mod random_kills;
mod soak;
mod stepped;
mod storm;
mod worker;
mod workers;
