//! The error responses of Fynd.

use std::fmt;

use super::api::types;
use crate::error::{Error, ErrorKind, System, shown_code};
use crate::generated::fynd::schemas;
use crate::pipeline::{ParsedError, RawResponse};

/// An error response of Fynd; [`Error::api_error`](crate::Error::api_error) gives it.
///
/// `Debug` and `Display` show only the code, because the other members may quote what the user
/// entered.
#[derive(Clone)]
pub struct ApiError {
    body: types::ApiError,
}

impl ApiError {
    /// The error code, for programs; empty if there is none.
    pub fn code(&self) -> &str {
        self.body.code.as_deref().unwrap_or_default()
    }

    /// Whether the user's account is deleted, by `is_deleted` in `meta`.
    pub fn is_deleted(&self) -> bool {
        let meta = self.body.meta.as_ref();
        meta.and_then(|meta| meta.get("is_deleted")) == Some(&true.into())
    }

    /// The id by which the support of Fynd can find the request.
    pub fn request_id(&self) -> Option<&str> {
        self.body.request_id.as_deref()
    }

    /// The message for humans. It may name a phone or a mailbox: do not log it.
    pub fn expose_message(&self) -> Option<&str> {
        self.body.message.as_deref()
    }

    /// The whole body, with the message. Do not log it.
    pub fn expose_body(&self) -> &types::ApiError {
        &self.body
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fynd::ApiError({})", shown_code(self.code()))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for ApiError {}

/// Parses an error body. `authenticated: false` means that the session cookie was rejected, even if
/// the request carried a code.
pub(super) fn parse(response: &RawResponse) -> Option<ParsedError> {
    let body: types::ApiError = response.read_error(&schemas::API_ERROR)?;
    // Any JSON object fits the documented shape, also the one of a gateway. One that says
    // `success: false` with a success status is Fynd's.
    let names_error =
        body.code.is_some() || body.request_id.is_some() || body.authenticated.is_some();
    if !names_error && !response.status().is_success() {
        return None;
    }
    Some(ParsedError {
        code: body.code.clone(),
        request_id: body.request_id.clone(),
        is_public_code: false,
        kind: None,
        message: None,
        typed: Box::new(ApiError { body }),
    })
}

/// The error for a response without its only documented member.
pub(super) fn invalid_response(operation: &'static str) -> Error {
    let message = "the response lacks the expected member";
    Error::new(ErrorKind::InvalidResponse, message).at(System::Fynd, operation)
}
