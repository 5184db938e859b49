//! A typed async SDK for four identity APIs: Wunder Mobility, The Wallet Crew, GoodCity and Fynd.
//!
//! # Sign a user in
//!
//! ```
//! # #[cfg(feature = "goodcity")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), vestibule::Error> {
//! # let mock = vestibule::testing::GoodCity::start().await;
//! # let url = mock.base_url();
//! # let pin_of_the_user = || mock.outbox().last_code("+85261234567").unwrap();
//! use vestibule::Phone;
//! use vestibule::goodcity::Client;
//!
//! let client = Client::builder(url).app_name("app").build()?;
//! // Sends an SMS. Keep `pending.id()` if the pin comes with another request.
//! let phone = Phone::parse("+852 6123 4567")?;
//! let pending = client.sign_up(&phone).first_name("Ada").last_name("Wong").send().await?;
//! let session = match pending.confirm(pin_of_the_user()).await {
//!     Ok(signed_in) => signed_in.session,
//!     // A mistyped pin: the state is still valid.
//!     Err(returned) => returned.state.confirm(pin_of_the_user()).await?.session,
//! };
//! // Keep `session.id()`: any instance can resume the session with it.
//! let profile = session.profile().await?;
//! assert_eq!(profile.user_profile.unwrap().first_name.as_deref(), Some("Ada"));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "goodcity"))]
//! # fn main() {}
//! ```
//!
//! In your own tests, `vestibule::testing::GoodCity::start().await` starts a mock that provides the
//! `url`, and whose outbox contains the pin.
//!
//! # Modules and guides
//!
//! | module | contents |
//! |---|---|
//! | [`wunder`], [`walletcrew`], [`goodcity`], [`fynd`] | one system each: client, flows, session, calls, and known pitfalls |
//! | [`code_sign_in`] | signing in by a code, with one interface for all four systems |
//! | [`session`] | sessions of signed-in users: how credentials are stored and refreshed |
//! | [`store`] | where sessions and challenges are stored: memory, SQLite, Redis, sealed, or a custom store |
//! | [`challenge`] | unfinished sign-ins: how they are resumed, and by which caller |
//! | `axum` | errors as responses, and extractors that resume what a browser has begun (feature `axum`) |
//! | [`testing`] | a stateful mock of each system |
//!
//! | guide | contents |
//! |---|---|
//! | [flows](guide::flows) | states, ids, timers, restarts, wrong codes |
//! | [errors](guide::errors) | how to handle each kind of [`Error`] |
//! | [retries](guide::retries) | which requests are retried, and how to change that |
//! | [security](guide::security) | threats, protections, and what remains to the application |
//! | [custom endpoints](guide::custom_endpoints) | calls that the crate does not describe |
//! | [deploying](guide::deploying) | many instances, Redis, keys, clocks, shutdown, what to watch |
//! | [upgrading](guide::upgrading) | what a new version does to stored sessions |
//! | [features](guide::features) | Cargo features, TLS, compile time |
//! | [migrating](guide::migrating) | replacing a hand-written client |
//! | [glossary](guide::glossary) | the terms of the documentation |
//!
//! Every documented endpoint of the four systems is a typed call through `api()` of a client or session,
//! generated from the OpenAPI documents of the crate. All calls pass the same pipeline: each attempt is
//! authorized, signed, sent within a deadline and classified, and retried only if the description allows
//! that.

#![cfg_attr(docsrs, feature(doc_cfg))]
// No single system uses everything in the shared modules.
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

#[cfg(feature = "axum")]
pub mod axum;
pub mod challenge;
mod client_config;
mod clock;
pub mod code_sign_in;
mod contact;
mod decode;
mod email;
mod end_reason;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "fynd")]
pub mod fynd;
mod generated;
#[cfg(feature = "goodcity")]
pub mod goodcity;
pub mod guide;
mod hex;
mod http_date;
mod json;
mod member;
mod opaque_debug;
mod password;
mod phone;
mod pipeline;
mod random;
#[cfg(feature = "schemars")]
pub mod schema;
mod secret;
pub mod session;
mod skewed_clock;
pub mod store;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod typed_text;
#[cfg(feature = "walletcrew")]
pub mod walletcrew;
#[cfg(feature = "wunder")]
pub mod wunder;

pub use {chrono, http, reqwest};

pub use clock::{BoxFuture, Clock, SystemClock};
pub use contact::{Channel, Contact};
pub use email::{Email, IntoEmail};
pub use error::{Delivery, Error, ErrorKind, Problem, System};
pub use json::{AnyJson, JsonObject};
pub use member::{Given, IntoMember, Maybe};
pub use password::{CurrentPassword, NewPassword};
pub use phone::{CountryCode, Phone};
pub use pipeline::{
    Backoff, CallOptions, CustomRequest, FailedAttempt, QueryValue, Response, RetryPolicy, Settings,
};
pub use secret::Secret;
pub use telemetry::{CookieIssue, Event, Observer, RefreshOutcome, SessionLabel};

/// Compiles the README's examples with the tests.
#[cfg(all(doctest, feature = "wunder", feature = "redis"))]
#[doc = include_str!("../README.md")]
struct Readme;
