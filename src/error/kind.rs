//! The words in which an error speaks: which system, what to do, whether it was sent.

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
    /// The name in lower case, as it stands in logs: `wunder`, `walletcrew`, `goodcity`, `fynd`.
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

/// What a caller should do about an [`Error`](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Fix the input: nothing was sent. [`Error::field`](crate::Error::field) names what is wrong.
    InvalidInput,
    /// Sign in again: there is no session, or it has ended.
    SignInAgain,
    /// Slow down: not before [`Error::retry_after`](crate::Error::retry_after).
    SlowDown,
    /// Try later: the server could not be reached, did not answer in time or failed.
    TryLater,
    /// Finish a step first, such as multi-factor authentication.
    StepRequired,
    /// The server refused. [`Error::api_error`](crate::Error::api_error) gives the system's own error.
    Refused,
    /// Do it another way: this system, or what it is set up for, does not have it.
    NotOffered,
    /// Report it: the answer was not understood.
    Undecodable,
}

impl ErrorKind {
    /// The word for it in telemetry.
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
            Self::StepRequired => "finish the step first",
            Self::Refused => "correct the request or the settings before another try",
            Self::NotOffered => "do it another way",
            Self::Undecodable => "report it",
        }
    }
}

/// What is known about whether the server saw the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// Nothing reached the server.
    NotSent,
    /// The request left, no answer came: it may have been processed.
    Unknown,
    /// The server answered.
    Answered,
}
