//! The classifications of an error: system, kind and delivery.

use std::fmt;

/// One of the four identity systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// The name in lower case, as in logs: `wunder`, `walletcrew`, `goodcity`, `fynd`.
    pub fn name(self) -> &'static str {
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
        f.write_str(self.name())
    }
}

/// The kind of an [`Error`](crate::Error), by what its caller should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Fix the input: nothing was sent. [`Error::field`](crate::Error::field) names the invalid one.
    InvalidInput,
    /// Sign in again: there is no session, or it has ended.
    SignInAgain,
    /// Slow down: retry after [`Error::retry_after`](crate::Error::retry_after).
    SlowDown,
    /// Try later: the server could not be reached, did not respond in time or failed.
    TryLater,
    /// Complete a step first, such as multi-factor authentication.
    StepRequired,
    /// The server refused the request. [`Error::api_error`](crate::Error::api_error) returns the
    /// system's own error.
    Refused,
    /// Use another way: this system, or its configuration, does not offer the operation.
    NotOffered,
    /// Report it: the response could not be decoded.
    Undecodable,
}

impl ErrorKind {
    /// The `error.type` in telemetry.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::SignInAgain => "sign_in_again",
            Self::SlowDown => "slow_down",
            Self::TryLater => "try_later",
            Self::StepRequired => "step_required",
            Self::Refused => "refused",
            Self::NotOffered => "not_offered",
            Self::Undecodable => "undecodable",
        }
    }

    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::InvalidInput => "fix the input",
            Self::SignInAgain => "sign in again",
            Self::SlowDown => "slow down",
            Self::TryLater => "try later",
            Self::StepRequired => "complete the step first",
            Self::Refused => "correct the request or the settings before another attempt",
            Self::NotOffered => "use another way",
            Self::Undecodable => "report it",
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
