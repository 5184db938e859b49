//! The error responses.

use serde_json::json;

use crate::testing::MockResponse;

pub(super) fn api_error(status: u16, code: &str, message: &str) -> MockResponse {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let body = json!({
        "errorCode": code,
        "userMessage": message,
        "httpStatus": status,
        "traceId": trace,
    });
    MockResponse::json(status, body)
}

/// The bearer token is unknown, expired or revoked.
pub(super) fn unauthorized() -> MockResponse {
    api_error(401, "A201", "the token is not valid")
}

/// A code, password, key or social token is wrong. All reasons have the same response, so that it
/// does not reveal which accounts exist.
pub(super) fn wrong_secret() -> MockResponse {
    api_error(401, "U107", "the code is not valid")
}

pub(super) fn malformed(message: &str) -> MockResponse {
    api_error(400, "R101", message)
}

pub(super) fn locked() -> MockResponse {
    api_error(403, "U131", "the account is locked")
}

pub(super) fn no_such_user() -> MockResponse {
    api_error(404, "U106", "the user does not exist")
}

pub(super) fn user_exists() -> MockResponse {
    api_error(400, "U102", "the user exists already")
}

pub(super) fn email_taken() -> MockResponse {
    api_error(400, "U141", "the e-mail address is taken")
}
