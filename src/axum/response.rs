//! Errors as HTTP responses.

use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};

use crate::challenge::StepError;
use crate::error::{Error, Problem};

/// The [`problem`](Error::problem) as JSON (RFC 9457) with the status of
/// [`http_status`](Error::http_status), `Cache-Control: no-store`, and `Retry-After` in seconds where the
/// error has a [`retry_after`](Error::retry_after).
///
/// The response's extensions have the error itself as `Arc<Error>`, so that a middleware can log it: the
/// problem does not tell the user what only the operator may know. A 401 has no `WWW-Authenticate`,
/// because the web session is no authentication scheme of HTTP.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let problem = self.problem();
        // A problem has only texts, numbers and booleans, which can always be written.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.http_status();
        let headers = response.headers_mut();
        let content_type = HeaderValue::from_static(Problem::CONTENT_TYPE);
        headers.insert(CONTENT_TYPE, content_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = problem.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The response of the [`Error`]. The state is dropped, which loses nothing: the client's store holds it
/// under its id, and [`InProgress`](super::InProgress) resumes it at the next request.
impl<S> IntoResponse for StepError<S> {
    fn into_response(self) -> Response {
        self.error.into_response()
    }
}
