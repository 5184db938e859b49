//! What a user does, and what that must end in.

use vestibule::ErrorKind;

/// What a user types, by the message that it stands in.
#[derive(Clone, Copy, Debug)]
pub enum Code {
    Newest,
    /// Of so many messages before the newest.
    Older(usize),
    Wrong,
}

/// What a user of two devices does. Each device has a client of its own; both share a store.
#[derive(Clone, Debug)]
pub enum Action {
    Send {
        device: usize,
        fails: bool,
    },
    Resend {
        device: usize,
        fails: bool,
    },
    Confirm {
        device: usize,
        code: Code,
        fails: bool,
    },
    Wait {
        seconds: u64,
    },
    /// State and client are dropped, and the state is taken up by its id.
    Restart {
        device: usize,
    },
    /// The device takes up what the other one has, which keeps it.
    TakeOver {
        device: usize,
    },
}

impl Action {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::Resend { .. } => "resend",
            Self::Confirm { .. } => "confirm",
            Self::Wait { .. } => "wait",
            Self::Restart { .. } => "restart",
            Self::TakeOver { .. } => "take over",
        }
    }
}

/// What an action ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    Done,
    SignedIn,
    Failed(&'static str),
}

impl Ending {
    pub fn failed(kind: ErrorKind) -> Self {
        Self::Failed(match kind {
            ErrorKind::SignInAgain => "sign in again",
            ErrorKind::SlowDown => "slow down",
            ErrorKind::TryLater => "try later",
            ErrorKind::StepRequired => "step required",
            ErrorKind::Refused => "refused",
            _ => "anything else",
        })
    }
}

/// What an action must end in, and how many requests it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub ending: Ending,
    /// Requests for a message.
    pub asked: usize,
    /// Requests with a code.
    pub presented: usize,
}

impl Expected {
    pub const NOTHING: Self = Self::locally(Ending::Done);

    const fn locally(ending: Ending) -> Self {
        Self {
            ending,
            asked: 0,
            presented: 0,
        }
    }

    pub fn refused_here(kind: ErrorKind) -> Self {
        Self::locally(Ending::failed(kind))
    }
}
