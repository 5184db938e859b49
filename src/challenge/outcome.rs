//! What an error says about a message or a code that was on its way.

use http::StatusCode;

use crate::error::{Delivery, Error};

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server did certainly not act on it.
    NotSent,
    /// The server took it, and its answer was not understood.
    Taken,
    /// Nobody knows.
    Unknown,
}

impl Outcome {
    /// Of a message that was asked for: a refusal sends none.
    pub(crate) fn of(error: &Error) -> Self {
        match error.status() {
            None if error.delivery() == Delivery::NotSent => Self::NotSent,
            Some(status) if status.is_success() => Self::Taken,
            Some(StatusCode::REQUEST_TIMEOUT) => Self::Unknown,
            Some(status) if status.is_client_error() || was_put_off(error) => Self::NotSent,
            _ => Self::Unknown,
        }
    }
}

/// Whether a code was certainly not compared with the right one.
pub(super) fn was_not_judged(error: &Error) -> bool {
    match error.status() {
        None => error.delivery() == Delivery::NotSent,
        Some(_) => was_put_off(error),
    }
}

/// Whether the server said that it did nothing, and to come back.
fn was_put_off(error: &Error) -> bool {
    match error.status() {
        Some(StatusCode::TOO_MANY_REQUESTS) => true,
        Some(StatusCode::SERVICE_UNAVAILABLE) => error.retry_after().is_some(),
        _ => false,
    }
}
