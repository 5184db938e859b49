//! Shared helpers. No test uses all of them.
#![allow(
    dead_code,
    unused_macros,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

#[cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
pub mod api_errors;
#[cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
pub mod apis;
#[cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
pub mod calls;
pub mod case_table;
pub mod conformance;
pub mod documents;
pub mod forwarded_steps;
pub mod json;
pub mod log;
pub mod provenance;
pub mod rewindable_store;
pub mod sleeper;
pub mod store_steps;
#[cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
pub mod upstream;

#[cfg(all(feature = "postgres", target_os = "linux"))]
pub mod postgres_server;
#[cfg(feature = "redis")]
pub mod redis_server;
#[cfg(all(feature = "redis", target_os = "linux"))]
pub mod sentinel;

use std::fs;
use std::net::TcpListener;
use std::path::Path;

/// Writes `NAME FIGURE` to `target/proof/NAME`.
pub fn proof(name: &str, figure: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/proof");
    fs::create_dir_all(&folder).expect("target/proof can be made");
    fs::write(folder.join(name), format!("{name} {figure}\n")).expect("a proof can be written");
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has an address").port()
}
