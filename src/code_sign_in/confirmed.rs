//! The kind of code that a challenge waits for, and the result of a correct code.

use std::fmt;

use super::CodeChallenge;
use crate::error::System;
use crate::secret::Secret;
use crate::session::Session;

/// The kind of code that a challenge waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Awaited {
    /// The code of the message.
    Message,
    /// A code of the user's authenticator.
    Authenticator,
}

/// The result of a correct code.
#[derive(Debug)]
#[must_use = "a user who has a next step is not signed in"]
#[non_exhaustive]
pub enum Confirmed {
    /// The user is signed in.
    SignedIn(Session),
    /// A second factor is required first.
    SecondFactor(Box<dyn CodeChallenge>),
    /// A step is required first that only this system has.
    OwnStep(OwnStep),
}

/// A step that only one system has. The client of that system resumes it by the id.
#[derive(Clone)]
pub struct OwnStep {
    pub(crate) system: System,
    pub(crate) id: Secret,
    pub(crate) what: &'static str,
}

impl OwnStep {
    /// The system of the step.
    pub fn system(&self) -> System {
        self.system
    }

    /// The id for `resume_challenge` of the client of that system: a secret.
    pub fn id(&self) -> &Secret {
        &self.id
    }

    /// What must be done, such as `complete the profile`.
    pub fn what(&self) -> &'static str {
        self.what
    }
}

impl fmt::Debug for OwnStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnStep({}: {})", self.system, self.what)
    }
}
