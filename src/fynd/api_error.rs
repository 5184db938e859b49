//! Fynd's own errors.

use std::fmt;

use super::api::types;
use crate::error::shown_code;
use crate::pipeline::ParsedError;

/// How Fynd said no; get it by [`Error::api_error`](crate::Error::api_error).
///
/// `Debug` shows the code alone: the other members may quote what the user entered.
#[derive(Clone)]
pub struct ApiError {
    body: types::ApiError,
}

impl ApiError {
    /// The kind of the error, for programs; empty if the server gave none.
    pub fn code(&self) -> &str {
        self.body.code.as_deref().unwrap_or_default()
    }

    /// The id by which Fynd's support can find the request.
    pub fn request_id(&self) -> Option<&str> {
        self.body.request_id.as_deref()
    }

    /// The explanation for people. Not for logs.
    pub fn message(&self) -> Option<&str> {
        self.body.message.as_deref()
    }

    /// The whole error as it came. Not for logs.
    pub fn body(&self) -> &types::ApiError {
        &self.body
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fynd::ApiError({})", shown_code(self.code()))
    }
}

/// Reads an error body. `authenticated: false` blames the cookie, also where a code was sent.
pub(super) fn parse(body: &[u8]) -> Option<ParsedError> {
    let body: types::ApiError = serde_json::from_slice(body).ok()?;
    Some(ParsedError {
        code: body.code.clone(),
        request_id: body.request_id.clone(),
        names_token: body.authenticated == Some(false),
        kind: None,
        typed: Box::new(ApiError { body }),
    })
}
