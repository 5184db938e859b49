//! Sessions in a bad world: stores that go back or never answer, gateways, interrupted sign-ins, and what
//! callers rightly expect then.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "outside_sessions/bounded_challenges.rs"]
mod bounded_challenges;
#[path = "outside_sessions/challenges.rs"]
mod challenges;
#[path = "outside_sessions/dropped.rs"]
mod dropped;
#[path = "outside_sessions/step_store.rs"]
mod step_store;
mod support;
mod wire;
