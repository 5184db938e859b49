//! Why a flow did not end as it should.

use std::fmt::{self, Display};
use std::panic::Location;

use vestibule::challenge::StepError;
use vestibule::{Error, ErrorKind};

/// What a flow gives: what came of it, in a few words that hold no secret.
pub type Outcome = Result<String, Failed>;

/// What went wrong, and where in the flow.
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
    fn from(returned: StepError<S>) -> Self {
        Self::because(returned.error)
    }
}

impl Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.what, self.at.file(), self.at.line())
    }
}

/// Goes on only if this is so.
#[track_caller]
pub fn check(holds: bool, what: &str) -> Result<(), Failed> {
    match holds {
        true => Ok(()),
        false => Err(Failed::because(format_args!(
            "it does not hold that {what}"
        ))),
    }
}

/// What should be there.
#[track_caller]
pub fn expect<T>(found: Option<T>, what: &str) -> Result<T, Failed> {
    found.ok_or_else(|| Failed::because(format_args!("there is no {what}")))
}

/// Goes on only if the call was stopped by an error of this kind.
#[track_caller]
pub fn stopped<T, E: Into<Error>>(result: Result<T, E>, kind: ErrorKind) -> Result<(), Failed> {
    match result.map_err(Into::into) {
        Err(error) if error.kind() == kind => Ok(()),
        Err(error) => Err(Failed::because(error)),
        Ok(_) => Err(Failed::because(format_args!("{kind:?} was expected"))),
    }
}

/// Goes on with the state that a wrong code gives back.
#[track_caller]
pub fn given_back<T, S>(result: Result<T, StepError<S>>) -> Result<S, Failed> {
    match result {
        Err(returned) if returned.error.kind() == ErrorKind::Refused => Ok(returned.state),
        Err(returned) => Err(Failed::because(returned.error)),
        Ok(_) => Err(Failed::because("a wrong code was taken for a right one")),
    }
}
