//! Shared helpers. No test uses all of them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

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
pub mod json;
pub mod provenance;
pub mod rewindable_store;
pub mod sleeper;
#[cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
pub mod upstream;

#[cfg(feature = "redis")]
pub mod redis_server;

use std::fs;
use std::path::Path;

/// Writes `NAME FIGURE` to `target/proof/NAME`.
pub fn proof(name: &str, figure: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/proof");
    fs::create_dir_all(&folder).expect("target/proof can be made");
    fs::write(folder.join(name), format!("{name} {figure}\n")).expect("a proof can be written");
}
