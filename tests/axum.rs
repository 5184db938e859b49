//! Sign-ins of browsers through axum and tower-sessions.
#![cfg(all(
    feature = "axum",
    feature = "tower-sessions",
    feature = "sealed",
    feature = "wunder",
    feature = "goodcity"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "axum/app.rs"]
mod app;
#[path = "axum/custom_store.rs"]
mod custom_store;
#[path = "axum/extractors.rs"]
mod extractors;
#[path = "axum/responses.rs"]
mod responses;
// Other tests use the rest.
#[allow(dead_code)]
#[path = "challenges/stores.rs"]
mod stores;
mod support;
#[path = "axum/web_sessions.rs"]
mod web_sessions;
