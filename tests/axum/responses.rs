//! Errors as responses.

use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use vestibule::challenge::StepError;
use vestibule::http::StatusCode;
use vestibule::{Error, ErrorKind, Problem, System, testing};

async fn body(response: Response) -> Value {
    let bytes = to_bytes(response.into_body(), 100_000).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn every_kind_of_error_is_a_problem_with_its_status() {
    for kind in ErrorKind::ALL {
        let error = testing::error(kind).build();
        let (status, problem) = (error.http_status(), error.problem());
        let response = error.into_response();
        assert_eq!(response.status(), status, "{kind}");
        assert_eq!(response.headers()["content-type"], Problem::CONTENT_TYPE);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(!response.headers().contains_key("retry-after"), "{kind}");
        assert_eq!(body(response).await, serde_json::to_value(problem).unwrap());
    }
}

#[tokio::test]
async fn the_wait_is_in_whole_seconds_and_rounded_up() {
    for kind in [ErrorKind::RateLimited, ErrorKind::Unavailable] {
        let error = testing::error(kind).retry_after(Duration::from_millis(29_001));
        let response = error.build().into_response();
        assert_eq!(response.headers()["retry-after"], "30", "{kind}");
        assert_eq!(body(response).await["retry_after"], 30);
    }
}

#[tokio::test]
async fn the_error_of_a_step_is_a_response_whatever_its_state() {
    struct State;
    let error = testing::error(ErrorKind::Rejected).build();
    let response = StepError::new(State, error).into_response();
    assert_eq!(response.status(), 422);
    assert_eq!(body(response).await["kind"], "rejected");
}

#[tokio::test]
async fn a_response_shows_nothing_of_the_server_and_keeps_the_error_for_the_log() {
    let error = testing::error(ErrorKind::Unavailable)
        .at(System::Wunder, "sign_in_phone_number")
        .status(StatusCode::BAD_GATEWAY)
        .api_error("Ada Lovelace lives here", "U999")
        .request_id("a-request-of-the-vendor")
        .build();
    let told = error.to_string();
    let response = error.into_response();
    let kept = response.extensions().get::<Arc<Error>>().unwrap();
    assert_eq!(kept.to_string(), told);
    assert_eq!(kept.system(), Some(System::Wunder));
    let headers = format!("{:?}", response.headers());
    let text = headers + &body(response).await.to_string();
    for hidden in ["Ada", "U999", "a-request", "wunder", "sign_in", "502"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}
