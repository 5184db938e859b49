//! What real servers, gateways and proxies were seen to send, and what becomes of it.
#![cfg(all(feature = "wunder", feature = "goodcity", feature = "fynd"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "outside_cases/cookies.rs"]
mod cookies;
#[path = "outside_cases/http.rs"]
mod http;
mod support;
mod wire;
