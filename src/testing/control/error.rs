//! Why a control request was refused.

use std::fmt;

use http::StatusCode;
use serde_json::json;

use crate::testing::MockResponse;

/// Why the control API of a mock refused a request. `Display` says what would be right, and contains no
/// value of the request.
#[derive(Clone, PartialEq, Eq)]
pub struct ControlError {
    status: StatusCode,
    detail: String,
    field: Option<String>,
    headers: Vec<(&'static str, String)>,
}

impl ControlError {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            field: None,
            headers: Vec::new(),
        }
    }

    /// An error of a member of the body, or of a parameter of the query.
    pub(crate) fn wrong(name: impl Into<String>, right: impl fmt::Display) -> Self {
        let name = name.into();
        let detail = format!("`{name}` {right}");
        Self {
            field: Some(name),
            ..Self::new(StatusCode::BAD_REQUEST, detail)
        }
    }

    /// The mock has no such user, link or operation.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The HTTP status of the response.
    pub fn http_status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The name of the wrong or missing member of the body, or parameter of the query.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The response: a problem in the form of RFC 9457.
    pub(super) fn into_response(self) -> MockResponse {
        let mut problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(field) = self.field {
            problem["field"] = json!(field);
        }
        MockResponse::json(self.status.as_u16(), problem)
            .content_type("application/problem+json")
            .headers(self.headers)
    }
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl fmt::Debug for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ControlError({}: {self})", self.status.as_u16())
    }
}

impl std::error::Error for ControlError {}
