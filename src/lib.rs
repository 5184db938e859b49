//! vestibule
#![cfg_attr(docsrs, feature(doc_cfg))]
// The rooms that all systems share hold more than each of them uses alone.
#![cfg_attr(
    not(all(
        feature = "wunder",
        feature = "walletcrew",
        feature = "goodcity",
        feature = "fynd",
        feature = "testing"
    )),
    allow(dead_code, unused_imports, irrefutable_let_patterns)
)]

pub mod challenge;
mod clock;
mod credential;
mod error;
mod foundation;
#[cfg(feature = "fynd")]
pub mod fynd;
mod generated;
#[cfg(feature = "goodcity")]
pub mod goodcity;
mod hex;
mod json;
mod pipeline;
mod random;
mod secret;
pub mod session;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "walletcrew")]
pub mod walletcrew;
#[cfg(feature = "wunder")]
pub mod wunder;

pub use clock::{BoxFuture, Clock, Time};
pub use error::{Delivery, Error, ErrorKind, System};
pub use json::{AnyJson, JsonObject};
pub use pipeline::{CallOptions, QueryValue, Response, Settings};
pub use secret::Secret;
