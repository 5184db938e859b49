//! The error of a step that returns its state.

use std::fmt;

use crate::error::Error;

/// The error of a step, and the state before it, so that the user can try again.
///
/// `?` converts it into its [`Error`] where the state is not needed. It also converts it into
/// `anyhow::Error` and `Box<dyn std::error::Error + Send + Sync>`; [`Error::find`] gets the [`Error`]
/// back from these.
#[non_exhaustive]
pub struct StepError<S> {
    /// The state as it was before, or as the failure left it.
    pub state: S,
    /// What went wrong.
    pub error: Error,
}

impl<S> StepError<S> {
    /// Creates the error of a step, for an application that has steps of its own.
    pub fn new(state: S, error: Error) -> Self {
        Self { state, error }
    }
}

impl<S> From<StepError<S>> for Error {
    fn from(failed: StepError<S>) -> Self {
        failed.error
    }
}

impl<S> fmt::Debug for StepError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl<S> fmt::Display for StepError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl<S> std::error::Error for StepError<S> {
    /// The [`Error`], so that a walk over the sources finds it whatever the state is.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
