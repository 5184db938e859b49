//! Actions of a user, and their expected outcomes.

use vestibule::ErrorKind;

/// The code that a user enters, by the message that contains it.
#[derive(Clone, Copy, Debug)]
pub enum Code {
    Newest,
    /// Of a message this many before the newest.
    Older(usize),
    Wrong,
}

/// An action of a user with two devices. Each device has a separate client; both share a store.
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
    /// State and client are dropped, and the state is resumed by its id.
    Restart {
        device: usize,
    },
    /// The device resumes the challenge of the other one, which keeps it.
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

/// Outcome of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    Done,
    SignedIn,
    Failed(&'static str),
}

impl Ending {
    pub fn failed(kind: ErrorKind) -> Self {
        Self::Failed(match kind {
            ErrorKind::Unauthenticated => "sign in again",
            ErrorKind::RateLimited => "slow down",
            ErrorKind::Unavailable => "try later",
            ErrorKind::StepRequired => "step required",
            ErrorKind::Rejected => "refused",
            _ => "anything else",
        })
    }
}

/// Expected outcome of an action, and the number of its requests.
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
