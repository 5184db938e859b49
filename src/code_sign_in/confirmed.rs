//! What a challenge waits for, and what a right code leads to.

use std::fmt;

use super::CodeChallenge;
use crate::error::System;
use crate::secret::Secret;
use crate::session::Session;

/// What kind of code a challenge waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Awaited {
    /// That of the message.
    Message,
    /// That of the user's authenticator.
    Authenticator,
}

/// What a right code leads to.
#[derive(Debug)]
#[must_use = "a user who has a next step is not signed in"]
#[non_exhaustive]
pub enum Confirmed {
    /// The user is signed in.
    SignedIn(Session),
    /// A second factor is needed first.
    SecondFactor(Box<dyn CodeChallenge>),
    /// Something is needed first that only this system has.
    OwnStep(OwnStep),
}

/// A step that only one system has. Its client takes it up by the id.
#[derive(Clone)]
pub struct OwnStep {
    pub(crate) system: System,
    pub(crate) id: Secret,
    pub(crate) what: &'static str,
}

impl OwnStep {
    /// Whose step it is.
    pub fn system(&self) -> System {
        self.system
    }

    /// The id for `challenge` of that system's client: a secret.
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
