//! Why a challenge cannot be gone on with.

use std::time::Duration;

use crate::error::{Error, ErrorKind};

pub(super) fn no_such_challenge() -> Error {
    let message = "there is no such challenge: it is finished, has expired or never was";
    Error::new(ErrorKind::SignInAgain, message)
}

pub(super) fn of_another_place() -> Error {
    let message = "the challenge is of another system, server or tenant";
    Error::new(ErrorKind::SignInAgain, message)
}

pub(crate) fn of_somebody_else() -> Error {
    let message = "there is no such challenge here";
    Error::new(ErrorKind::SignInAgain, message)
}

pub(super) fn expired() -> Error {
    Error::new(ErrorKind::SignInAgain, "the challenge has expired")
}

pub(super) fn finished() -> Error {
    let message = "the challenge is finished or has expired";
    Error::new(ErrorKind::SignInAgain, message)
}

pub(super) fn gone_on() -> Error {
    let message = "the challenge has gone on to its next step: take it up by its id";
    Error::new(ErrorKind::StepRequired, message)
}

pub(super) fn superseded() -> Error {
    let message = "a newer challenge for this destination has replaced this one";
    Error::new(ErrorKind::StepRequired, message)
}

pub(super) fn too_many_wrong_codes() -> Error {
    let message = "too many wrong codes: ask for a new code, or start the sign-in anew";
    Error::new(ErrorKind::StepRequired, message)
}

pub(super) fn message_under_way(wait: Duration) -> Error {
    let message = "another message of this challenge is on its way already";
    Error::new(ErrorKind::SlowDown, message).with_retry_after(Some(wait))
}

pub(super) fn contended() -> Error {
    let message = "too many others use this challenge at the same time";
    Error::new(ErrorKind::TryLater, message)
}
