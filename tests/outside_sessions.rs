//! What happens to sessions outside: gateways, permissions, replicas, skewed clocks, failing stores and
//! callers that go away, as public bug reports and a review show it.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd",
    feature = "redis",
    feature = "sqlite"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "outside_sessions/bounded_challenges.rs"]
mod bounded_challenges;
#[path = "outside_sessions/challenges.rs"]
mod challenges;
#[path = "outside_sessions/dropped.rs"]
mod dropped;
#[path = "outside_sessions/ends.rs"]
mod ends;
#[path = "outside_sessions/failing_stores.rs"]
mod failing_stores;
#[path = "outside_sessions/lost_writes.rs"]
mod lost_writes;
#[path = "outside_sessions/refresh.rs"]
mod refresh;
#[path = "outside_sessions/script.rs"]
mod script;
#[path = "outside_sessions/step_store.rs"]
mod step_store;
#[path = "outside_sessions/stepped_clocks.rs"]
mod stepped_clocks;
#[path = "outside_sessions/stubborn_store.rs"]
mod stubborn_store;
mod support;
#[path = "outside_sessions/table.rs"]
mod table;
#[path = "outside_sessions/token_server.rs"]
mod token_server;
mod wire;
