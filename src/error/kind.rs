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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Fix the input: nothing was sent. [`Error::field`](crate::Error::field) names the invalid one.
    InvalidInput,
    /// Sign in again: there is no session, or it has ended.
    Unauthenticated,
    /// Slow down: retry after [`Error::retry_after`](crate::Error::retry_after).
    RateLimited,
    /// Try later: the server could not be reached, did not respond in time or failed.
    Unavailable,
    /// Complete a step first, such as multi-factor authentication.
    StepRequired,
    /// The server refused the request. [`Error::api_error`](crate::Error::api_error) returns the
    /// system's own error.
    Rejected,
    /// Use another way: this system, or its configuration, does not offer the operation.
    Unsupported,
    /// Report it: the response could not be decoded.
    InvalidResponse,
}

impl ErrorKind {
    /// The `error.type` in telemetry.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::Unauthenticated => "unauthenticated",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::StepRequired => "step_required",
            Self::Rejected => "rejected",
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
            Self::Rejected => "correct the request or the settings before another attempt",
            Self::Unsupported => "use another way",
            Self::InvalidResponse => "report it",
        }
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
