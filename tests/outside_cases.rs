//! What servers send in practice, as public bug reports and the vendors' own clients show it, and what
//! callers rightly expect then.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "outside_cases/bodies.rs"]
mod bodies;
#[path = "outside_cases/goodcity.rs"]
mod goodcity;
#[path = "outside_cases/server.rs"]
mod server;
