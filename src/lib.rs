//! A typed async SDK for four identity APIs: Wunder Mobility, The Wallet Crew, GoodCity and Fynd.
//!
//! Each system has a module with a `Client`, its sign-in as types, and a `Session`:
//! [`wunder`], [`walletcrew`], [`goodcity`], [`fynd`]. Every documented endpoint is a typed call,
//! generated from the OpenAPI documents of the crate, and passes the same road: it is authorised
//! and signed for each attempt, sent within a deadline, classified, and repeated only if the
//! description allows that.
//!
//! ```no_run
//! # #[cfg(feature = "goodcity")]
//! # async fn example() -> Result<(), vestibule::Error> {
//! use vestibule::goodcity::Client;
//!
//! let client = Client::builder("https://api.goodcity.hk", "app").build()?;
//! let pending = client.send_pin("+85261234567").await?;
//! let signed_in = pending.confirm("1234").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! Every call fails with the one [`Error`]. Its [`kind`](Error::kind) says what to do, its
//! [`refusal`](Error::refusal) is the system's own typed error.
//!
//! # Sessions
//!
//! A session attaches its credential to each call and renews it when it must; see [`session`].
//! An unfinished sign-in is taken up by its id, on any instance that shares the store; see
//! [`challenge`]. A back end that serves several systems signs users in by [`code_sign_in`].
//!
//! # Features
//!
//! One for each system (`wunder`, `walletcrew`, `goodcity`, `fynd`; all on by default), `sqlite` and
//! `redis` for sessions that outlive the process, `sealed` for sealing in stores of your own,
//! `testing` for the mock servers, `schemars` for JSON schemas of all types, and `rustls` (default)
//! or `native-tls`.

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
    allow(dead_code, unused_imports, unused_macros, irrefutable_let_patterns)
)]

pub mod challenge;
mod clock;
pub mod code_sign_in;
mod credential;
mod decode;
mod error;
mod foundation;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "fynd")]
pub mod fynd;
mod generated;
#[cfg(feature = "goodcity")]
pub mod goodcity;
mod hex;
mod json;
mod member;
mod observe;
mod pipeline;
mod random;
#[cfg(feature = "schemars")]
pub mod schema;
mod secret;
mod server_time;
pub mod session;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "walletcrew")]
pub mod walletcrew;
#[cfg(feature = "wunder")]
pub mod wunder;

pub use {chrono, http, reqwest};

pub use clock::{BoxFuture, Clock, Time};
pub use error::{Delivery, Error, ErrorKind, System};
pub use json::{AnyJson, JsonObject};
pub use member::{Given, IntoMember, Maybe};
pub use observe::{Event, Observer, RefreshOutcome, SessionLabel};
pub use pipeline::{
    Backoff, CallOptions, FailedAttempt, QueryValue, Response, RetryPolicy, Settings,
};
pub use secret::Secret;

/// The README's examples are compiled with the tests.
#[cfg(all(doctest, feature = "wunder", feature = "redis"))]
#[doc = include_str!("../README.md")]
struct Readme;
