//! The pipeline that every request of every system passes.
//!
//! A generated call passes a [`Request`] to [`CallContext::call`], which runs a `Call`. The loop and
//! the decision to retry are `Call::run` in `call.rs`; its stages are, in this order:
//!
//! 1. **Authorize**, for every attempt, by `Call::send_attempt`: revalidates the session in its store
//!    if that is due ([`SessionCredential::revalidate_if_due`]), builds an [`Attempt`], adds the
//!    application's credential ([`SystemRules::authorize_application`]) and the session's
//!    ([`SessionCredential::attach`]). A stale credential is refreshed first
//!    ([`SessionCredential::refresh`]). Without a permit (`Transport::try_acquire`) the call waits
//!    for one (`Transport::acquire`) and starts over; no call holds a permit while a credential is
//!    refreshed.
//! 2. **Sign**, for every attempt, by [`SystemRules::sign`]: covers what is sent, with the server's
//!    time of now.
//! 3. **Send**, by `Transport::send`: hands the attempt to the HTTP client.
//! 4. **Receive**, by `Call::receive`: awaits headers and body up to their limits, within the timeout
//!    of an attempt and the deadline of the call (`Transport::receive`).
//! 5. **Judge**, by `judge`: a 2xx is a success, unless it is a page or its body says that it is none
//!    (`says_no`). Of any other response it makes an error, by
//!    [`SystemRules::parse_error`] and the status, and tells whether the server rejected the session,
//!    by `verdict` whether its words end it, and by `diagnose` whether only the operator can mend the cause. The headers of a success, also of
//!    a 2xx whose body breaks off, correct the clock ([`SkewedClock::learn`]) and set cookies
//!    ([`SessionCredential::keep_cookies`]); those of no other response do.
//! 6. **Return, sign again, refresh or back off**, by `Call::run`. A success is returned, and decoded
//!    by `RawResponse::decode`. A refused signature is made again by the server's time, once, if the
//!    system's words for that are published. What follows a rejected credential is decided by the session
//!    ([`SessionCredential::settle_rejection`]): the request is replayed after a refresh, once, and sent
//!    again after a short wait, once. Any other error is retried if, in this order, the operation allows it (`is_retryable`), the
//!    [`RetryPolicy`] gives a wait, the deadline leaves room for that wait and for `Retry-After`, and
//!    the [`RetryBudget`] has a retry left.
//!
//! `Call::finish` reports the outcome. All properties of an operation that the stages need are in its
//! [`Operation`], which is generated from the system's description.

mod attempt;
mod base_url;
mod budget;
mod call;
mod classify;
mod connection_settings;
mod context;
mod custom_request;
mod deadline;
mod error_word;
mod http_client;
mod misconfigured;
mod operation;
mod options;
mod request;
mod response;
mod retry;
mod session_end;
mod success;
mod system;
mod tls;
mod trace;
mod transport;

use std::fmt;
// For `budget.rs`: a test replaces these atomics by loom's.
use std::sync::atomic;
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::attempt::Attempt;
pub(crate) use self::base_url::BaseUrl;
pub(crate) use self::budget::RetryBudget;
#[cfg(fuzzing)]
pub(crate) use self::classify::{judge, retry_after};
pub(crate) use self::connection_settings::{ConnectionSettings, ProxyChoice};
pub(crate) use self::context::CallContext;
pub use self::custom_request::CustomRequest;
pub(crate) use self::deadline::Deadline;
pub(crate) use self::error_word::{ErrorWord, Misconfiguration, MisconfigurationRule, SessionEnd};
pub(crate) use self::operation::{Idempotency, Need, Operation};
pub(crate) use self::options::language_header;
pub use self::options::{CallOptions, Settings};
pub use self::request::QueryValue;
pub(crate) use self::request::Request;
pub(crate) use self::response::RawResponse;
pub use self::response::Response;
pub use self::retry::{Backoff, FailedAttempt, RetryPolicy};
#[cfg(feature = "wunder")]
pub(crate) use self::system::PublishedCode;
pub(crate) use self::system::{
    AfterRejection, Authorization, CredentialGeneration, ParsedError, QuerySignature, Rejection,
    SessionCredential, SetCookies, SystemRules,
};
pub(crate) use self::transport::Transport;
use crate::skewed_clock::SkewedClock;
use crate::telemetry::Telemetry;

/// The pipeline of one client: base URL, rules of the system, settings, transport, retry budget and
/// clock.
pub(crate) struct Pipeline {
    pub(crate) base: BaseUrl,
    pub(crate) rules: Box<dyn SystemRules>,
    pub(crate) settings: Settings,
    pub(crate) time: SkewedClock,
    pub(crate) telemetry: Telemetry,
    pub(crate) budget: RetryBudget,
    pub(crate) start: Instant,
    pub(crate) transport: Transport,
}

impl Pipeline {
    /// The time since the pipeline was built, by a monotonic clock.
    fn since_start(&self) -> Duration {
        self.start.elapsed()
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pipeline({})", self.rules.system())
    }
}
