//! The error responses of The Wallet Crew: problem details (RFC 9457).

use std::fmt;

use http::StatusCode;

use super::api::types::ProblemDetails;
use crate::decode::Members;
use crate::generated::walletcrew::schemas;
use crate::pipeline::{Operation, ParsedError, RawResponse};

/// An error response of The Wallet Crew; [`Error::api_error`](crate::Error::api_error) gives it.
///
/// `Debug` and `Display` show only the reason, because the problem may quote what the customer
/// entered.
#[derive(Clone)]
pub struct ApiError {
    reason: ErrorReason,
    problem: ProblemDetails,
}

/// The reason of an error response, by its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorReason {
    /// 400: the provider is missing, or the login data does not have its format.
    Malformed,
    /// 401: the request is not authenticated as a customer.
    NotAuthenticated,
    /// 412: the account data is not valid; see [`ApiError::fields`].
    AccountData,
    /// 422: the provider rejects the login data.
    LoginData,
    /// Any other status.
    Other,
}

impl ErrorReason {
    fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::Malformed,
            StatusCode::UNAUTHORIZED => Self::NotAuthenticated,
            StatusCode::PRECONDITION_FAILED => Self::AccountData,
            StatusCode::UNPROCESSABLE_ENTITY => Self::LoginData,
            _ => Self::Other,
        }
    }
}

impl ApiError {
    /// The reason of the error.
    pub fn reason(&self) -> ErrorReason {
        self.reason
    }

    /// The messages about a field of the request; empty if it is valid. They may quote what the
    /// customer entered: do not log them.
    pub fn expose_field_errors(&self, field: &str) -> &[String] {
        let errors = self.problem.errors.as_ref();
        errors
            .and_then(|errors| errors.get(field))
            .map_or(&[], Vec::as_slice)
    }

    /// The names of the invalid fields, sorted.
    pub fn fields(&self) -> Vec<&str> {
        let errors = self.problem.errors.iter().flatten();
        let mut fields: Vec<_> = errors.map(|(field, _)| field.as_str()).collect();
        fields.sort_unstable();
        fields
    }

    /// The whole body, with its messages. Do not log it.
    pub fn expose_problem(&self) -> &ProblemDetails {
        &self.problem
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "walletcrew::ApiError({:?})", self.reason)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for ApiError {}

/// Parses an error body.
pub(super) fn parse(operation: &Operation, response: &RawResponse) -> Option<ParsedError> {
    let problem: ProblemDetails = response.read_error(&schemas::PROBLEM_DETAILS)?;
    // Any JSON object fits the documented shape, also the one of a gateway. The members of a problem
    // may be null.
    let text = response.text();
    let members = Members::of(&text)?;
    let is_problem = ["type", "title", "errors"]
        .iter()
        .any(|name| members.named(name).next().is_some());
    if !is_problem {
        return None;
    }
    let reason = ErrorReason::of(response.status());
    Some(ParsedError {
        code: None,
        request_id: None,
        is_public_code: false,
        kind: None,
        message: match reason {
            ErrorReason::AccountData => Some("the account data is not valid"),
            ErrorReason::LoginData => Some("the provider rejected the login data"),
            ErrorReason::Malformed if operation.carries_code => {
                Some("the provider is missing, or the login data does not have its format")
            }
            ErrorReason::Malformed | ErrorReason::NotAuthenticated | ErrorReason::Other => None,
        },
        typed: Box::new(ApiError { reason, problem }),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::HeaderMap;

    use super::*;
    use crate::generated::walletcrew::operations::GET_CUSTOMER;

    fn response(status: StatusCode, body: &str) -> RawResponse {
        RawResponse::new(status, HeaderMap::new(), body.to_owned().into())
    }

    #[test]
    fn a_problem_may_lack_members_and_have_others() {
        for body in [
            r#"{"type": "about:blank", "title": null, "status": null, "detail": null}"#,
            r#"{"errors": {}}"#,
            r#"{"type": null, "title": null}"#,
            r#"{"title": "No", "errors": null, "traceId": "00-1", "more": {"a": []}}"#,
        ] {
            let parsed = parse(&GET_CUSTOMER, &response(StatusCode::BAD_REQUEST, body)).unwrap();
            let api_error: &ApiError = parsed.typed.downcast_ref().unwrap();
            assert_eq!(api_error.reason(), ErrorReason::Malformed);
            assert!(
                api_error.fields().is_empty() && api_error.expose_field_errors("email").is_empty()
            );
        }
        for body in ["<html>", "{}", r#"{"message": "no healthy upstream"}"#] {
            let parsed = parse(&GET_CUSTOMER, &response(StatusCode::BAD_GATEWAY, body));
            assert!(parsed.is_none(), "{body}");
        }
    }
}
