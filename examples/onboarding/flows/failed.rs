//! The error of a flow.

use std::fmt::{self, Display};
use std::panic::Location;

use vestibule::challenge::StepError;
use vestibule::{Error, ErrorKind};

/// The result of a flow: a short summary without secrets.
pub type Outcome = Result<String, Failed>;

/// A failure and its source location.
#[derive(Debug)]
pub struct Failed {
    what: String,
    at: &'static Location<'static>,
}

impl Failed {
    #[track_caller]
    pub fn because(what: impl Display) -> Self {
        Self {
            what: what.to_string(),
            at: Location::caller(),
        }
    }
}

impl From<Error> for Failed {
    #[track_caller]
    fn from(error: Error) -> Self {
        Self::because(error)
    }
}

impl<S> From<StepError<S>> for Failed {
    #[track_caller]
    fn from(failed: StepError<S>) -> Self {
        Self::because(failed.error)
    }
}

impl Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.what, self.at.file(), self.at.line())
    }
}

/// Fails unless the condition holds.
#[track_caller]
pub fn check(holds: bool, what: &str) -> Result<(), Failed> {
    match holds {
        true => Ok(()),
        false => Err(Failed::because(format_args!("check failed: {what}"))),
    }
}

/// Fails if the value is absent.
#[track_caller]
pub fn expect<T>(found: Option<T>, what: &str) -> Result<T, Failed> {
    found.ok_or_else(|| Failed::because(format_args!("missing {what}")))
}

/// Fails unless the call failed with an error of this kind.
#[track_caller]
pub fn fails_with<T, E: Into<Error>>(result: Result<T, E>, kind: ErrorKind) -> Result<(), Failed> {
    match result.map_err(Into::into) {
        Err(error) if error.kind() == kind => Ok(()),
        Err(error) => Err(Failed::because(error)),
        Ok(_) => Err(Failed::because(format_args!("expected {kind:?}"))),
    }
}

/// Returns the state from the error of a wrong code.
#[track_caller]
pub fn returned_state<T, S>(result: Result<T, StepError<S>>) -> Result<S, Failed> {
    match result {
        Err(failed) if failed.error.kind() == ErrorKind::Rejected => Ok(failed.state),
        Err(failed) => Err(Failed::because(failed.error)),
        Ok(_) => Err(Failed::because("a wrong code was accepted")),
    }
}
