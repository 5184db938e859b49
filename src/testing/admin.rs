//! The admin endpoints of a mock, `/__outbox` and `/__clock`, for programs that only know its URL.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use wiremock::Request;

use super::clock::TestClock;
use super::outbox::Outbox;
use super::response::MockResponse;
use crate::clock::Clock;

/// The response of an admin endpoint; `None` for other requests.
pub(super) fn respond(
    request: &Request,
    outbox: &Outbox,
    clock: &TestClock,
) -> Option<MockResponse> {
    let method = &request.method;
    match request.url.path() {
        "/__outbox" if method == Method::GET => Some(MockResponse::ok(json!(outbox.messages()))),
        "/__clock" if method == Method::GET => Some(now(clock)),
        "/__clock" if method == Method::POST => Some(advance(&request.body, clock)),
        _ => None,
    }
}

fn now(clock: &TestClock) -> MockResponse {
    MockResponse::ok(json!({"now": clock.now().to_rfc3339()}))
}

fn advance(body: &[u8], clock: &TestClock) -> MockResponse {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let seconds = body["advance_seconds"]
        .as_u64()
        .and_then(|it| u32::try_from(it).ok());
    match seconds {
        Some(seconds) => {
            clock.advance(Duration::from_secs(seconds.into()));
            now(clock)
        }
        None => {
            let error = "the body must be {\"advance_seconds\": N} with an integer N >= 0";
            MockResponse::json(400, json!({"error": error}))
        }
    }
}
