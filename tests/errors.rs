//! What an error tells: its kind through other error types, the response that a back end gives for it,
//! what only the operator can mend, and why a connection failed.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "errors/connections.rs"]
mod connections;
#[path = "errors/deferred.rs"]
mod deferred;
#[path = "errors/fakes.rs"]
mod fakes;
#[path = "errors/flows.rs"]
mod flows;
#[path = "errors/misconfigured.rs"]
mod misconfigured;
#[path = "errors/problem.rs"]
mod problem;
