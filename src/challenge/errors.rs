//! Errors of challenges that cannot be continued.

use std::time::Duration;

use crate::error::{Delivery, Error, ErrorKind};

pub(super) fn not_found() -> Error {
    let message = "there is no such challenge: it is finished, has expired or never existed";
    Error::new(ErrorKind::Unauthenticated, message)
}

pub(super) fn wrong_audience() -> Error {
    let message = "the challenge belongs to another system, server or tenant";
    Error::new(ErrorKind::Unauthenticated, message)
}

pub(crate) fn not_owner() -> Error {
    let message = "there is no such challenge here";
    Error::new(ErrorKind::Unauthenticated, message)
}

pub(super) fn expired() -> Error {
    Error::new(ErrorKind::Unauthenticated, "the challenge has expired")
}

pub(super) fn finished() -> Error {
    let message = "the challenge is finished or has expired";
    Error::new(ErrorKind::Unauthenticated, message)
}

pub(crate) fn advanced() -> Error {
    let message = "the challenge has advanced to its next step: resume it by its id";
    Error::new(ErrorKind::StepRequired, message)
}

pub(crate) fn superseded() -> Error {
    let message = "a newer challenge for this destination has replaced this one";
    Error::new(ErrorKind::StepRequired, message)
}

pub(crate) fn too_many_wrong_codes() -> Error {
    let message = "too many wrong codes: request a new code or start the sign-in again";
    Error::new(ErrorKind::StepRequired, message)
}

/// A code that is refused without asking the server.
pub(super) fn wrong_code() -> Error {
    Error::new(ErrorKind::Rejected, "code or password not accepted")
}

pub(super) fn attempt_in_flight() -> Error {
    let message = "another code of this challenge is still being checked";
    Error::new(ErrorKind::Unavailable, message).with_delivery(Delivery::NotSent)
}

pub(super) fn not_yet_saved() -> Error {
    let message = "the session of this code is not saved yet: confirm the code again";
    Error::new(ErrorKind::Unavailable, message).with_delivery(Delivery::NotSent)
}

pub(super) fn message_in_flight(wait: Duration) -> Error {
    let message = "another message of this challenge was requested at the same time";
    Error::new(ErrorKind::RateLimited, message).with_retry_after(Some(wait))
}

pub(super) fn no_messages() -> Error {
    Error::new(ErrorKind::InvalidInput, "this step sends no messages")
}

pub(super) fn contended() -> Error {
    let message = "too many concurrent updates of this challenge";
    Error::new(ErrorKind::Unavailable, message)
}
