//! The classifications of an error: system, kind and delivery.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Error;

/// One of the four identity systems.
///
/// `Display`, `FromStr` and serde use the name in lower case, such as `walletcrew`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum System {
    /// Wunder Mobility (goUrban).
    Wunder,
    /// The Wallet Crew.
    WalletCrew,
    /// GoodCity.
    GoodCity,
    /// Fynd Commerce.
    Fynd,
}

impl System {
    /// All systems.
    pub const ALL: [Self; 4] = [Self::Wunder, Self::WalletCrew, Self::GoodCity, Self::Fynd];

    /// The name in lower case, as in logs: `wunder`, `walletcrew`, `goodcity`, `fynd`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wunder => "wunder",
            Self::WalletCrew => "walletcrew",
            Self::GoodCity => "goodcity",
            Self::Fynd => "fynd",
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for System {
    type Err = Error;

    /// Fails with [`ErrorKind::InvalidInput`] for any other text than the four names.
    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|system| system.as_str() == name);
        let right = "must be `wunder`, `walletcrew`, `goodcity` or `fynd`";
        found.ok_or_else(|| Error::invalid("system", right))
    }
}

/// The kind of an [`Error`](crate::Error), by what its caller should do.
///
/// `Display` and serde use the words of [`as_str`](Self::as_str).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument is invalid, and nothing was sent. Show the message beside the input that
    /// [`Error::field`](crate::Error::field) names, and let the user correct it.
    InvalidInput,
    /// There is no session or challenge, or it has ended: let the user sign in again. Or the server
    /// refused this call alone, as for a missing permission, and
    /// [`Error::session_ended`](crate::Error::session_ended) is false.
    Unauthenticated,
    /// The server, or the timer between two messages, allows no request yet. Send the same request
    /// after [`Error::retry_after`](crate::Error::retry_after).
    RateLimited,
    /// The server or the session store could not be reached, did not respond in time or failed. Try
    /// again later; if the request is not idempotent, look at
    /// [`Error::is_retryable`](crate::Error::is_retryable) first.
    Unavailable,
    /// Another step comes first, such as a new code, a second factor or terms to accept. Lead the
    /// user to that step.
    StepRequired,
    /// The server refused the request, for example for a wrong code. Let the user correct the input:
    /// [`Error::code`](crate::Error::code) and [`Error::api_error`](crate::Error::api_error) say what
    /// the system objects to.
    Rejected,
    /// Only the operator of this back end can correct the cause: a signing key, a clock, a tenant, a
    /// base URL, sealing keys, or the trust in a certificate. Alert the operator; the message says
    /// what to check, and [`Error::error_type`](crate::Error::error_type) is a word for it. Show the
    /// user nothing but an internal error.
    Misconfigured,
    /// The system, or its configuration, does not offer the operation. Offer the user another way.
    Unsupported,
    /// The response could not be decoded, so that its result is unknown. Report it to the vendor or
    /// to this crate, with [`Error::request_id`](crate::Error::request_id).
    InvalidResponse,
}

impl ErrorKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::InvalidInput,
        Self::Unauthenticated,
        Self::RateLimited,
        Self::Unavailable,
        Self::StepRequired,
        Self::Rejected,
        Self::Misconfigured,
        Self::Unsupported,
        Self::InvalidResponse,
    ];

    /// The name in lower case with underscores, such as `invalid_input`: the `error.type` in
    /// telemetry of an error that has no narrower class.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::Unauthenticated => "unauthenticated",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::StepRequired => "step_required",
            Self::Rejected => "rejected",
            Self::Misconfigured => "misconfigured",
            Self::Unsupported => "unsupported",
            Self::InvalidResponse => "invalid_response",
        }
    }

    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::InvalidInput => "fix the input",
            Self::Unauthenticated => "sign in again",
            Self::RateLimited => "slow down",
            Self::Unavailable => "try later",
            Self::StepRequired => "complete the step first",
            Self::Rejected => "correct the request before another attempt",
            Self::Misconfigured => "correct the configuration",
            Self::Unsupported => "use another way",
            Self::InvalidResponse => "report it",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the server received the request, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// The request did not reach the server.
    NotSent,
    /// The request was sent, but no response came: the server may have processed it.
    Unknown,
    /// The server responded.
    Responded,
}

/// What an error response says about the credential of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CredentialVerdict {
    /// Nothing that the description has.
    #[default]
    Unknown,
    /// It ends the session if the server says so again, at least this many seconds later.
    EndedIfRepeated(u64),
    /// It ends the session.
    Ended,
}
