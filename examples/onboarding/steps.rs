//! Output: one line per step, and what to do about a failed step.

use std::fmt::{self, Display};

use vestibule::Error;

/// Prints the steps of one system.
#[derive(Clone, Copy)]
pub struct Steps {
    system: &'static str,
}

/// A step that failed.
pub struct Failed {
    system: &'static str,
    step: &'static str,
    what: String,
}

impl Steps {
    pub fn of(system: &'static str) -> Self {
        Self { system }
    }

    /// Prints the result of a step, which contains no secret.
    pub fn done(&self, step: &str, what: impl Display) {
        println!("{:<11} {step:<18} {what}", self.system);
    }

    /// Converts the error of a step; its message says what to do.
    pub fn failed<E: Into<Error>>(&self, step: &'static str) -> impl FnOnce(E) -> Failed {
        let system = self.system;
        move |error| Failed {
            system,
            step,
            what: error.into().to_string(),
        }
    }

    /// Reports an invalid command line.
    pub fn usage_error(&self, what: impl Display) -> Failed {
        self.stopped("arguments", what)
    }

    /// Reports a step that could not continue.
    pub fn stopped(&self, step: &'static str, what: impl Display) -> Failed {
        Failed {
            system: self.system,
            step,
            what: what.to_string(),
        }
    }
}

impl Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<11} {:<18} FAILED: {}",
            self.system, self.step, self.what
        )
    }
}
