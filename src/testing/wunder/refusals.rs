//! How the mock says no.

use serde_json::json;

use crate::testing::Answer;

/// What an operation answers: a refusal travels as the error.
pub(super) type Answered = Result<Answer, Answer>;

pub(super) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let body = json!({
        "errorCode": code,
        "userMessage": message,
        "httpStatus": status,
        "traceId": trace,
    });
    Answer::json(status, body)
}

/// The bearer is not a token of the mock, or is one no more.
pub(super) fn unauthorized() -> Answer {
    refusal(401, "A201", "the token is not valid")
}

/// A code, password, key or foreign token is wrong. One answer for all reasons, so that nobody
/// learns from it who has an account.
pub(super) fn wrong_secret() -> Answer {
    refusal(401, "U107", "the code is not valid")
}

pub(super) fn malformed(message: &str) -> Answer {
    refusal(400, "R101", message)
}

pub(super) fn locked() -> Answer {
    refusal(403, "U131", "the account is locked")
}

pub(super) fn no_such_user() -> Answer {
    refusal(404, "U106", "there is no such user")
}

pub(super) fn user_exists() -> Answer {
    refusal(400, "U102", "the user exists already")
}

pub(super) fn email_taken() -> Answer {
    refusal(400, "U141", "the e-mail address is taken")
}
