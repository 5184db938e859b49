//! What happens to sessions outside: gateways, permissions, replicas, skewed clocks, failing stores and
//! callers that go away, as public bug reports and a review show it.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "outside_sessions/ends.rs"]
mod ends;
#[path = "outside_sessions/refresh.rs"]
mod refresh;
#[path = "outside_sessions/script.rs"]
mod script;
