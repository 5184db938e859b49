//! The error responses of GoodCity, which have seven shapes.

use std::fmt;

use serde_json::Value;

use super::api::types::ErrorBody;
use crate::generated::goodcity::schemas;
use crate::pipeline::{Operation, ParsedError, RawResponse};

/// An error response of GoodCity; [`Error::api_error`](crate::Error::api_error) gives it.
///
/// Decide by status and shape, not by a message: messages are translated and change. `Debug` and
/// `Display` show only the shape, because a message may quote what the user entered.
#[derive(Clone)]
pub struct ApiError {
    shape: ErrorShape,
    body: Option<ErrorBody>,
}

/// The shape of an error body, which identifies the part of the server that produced it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorShape {
    /// `{"errors": "…"}`: the request is not valid; several messages may be joined in one text.
    /// Older servers use it for an unknown host as well.
    Invalid,
    /// `{"errors": {"pin": "…"}}`: the pin is not accepted. The server does not tell why: it is wrong
    /// or expired, was used before, belongs to a key that a newer message has replaced, the user is
    /// unknown or disabled, or the app of the client is not allowed for this user.
    Fields,
    /// `{"error": "…"}`: the request is not authorised, or a parameter has the wrong type.
    Plain,
    /// `{"error": "…", "type": "…", "status": 401}`: tokens, permissions and conflicts.
    Typed,
    /// `{"status": 404, "error": "…"}`: an error of the web framework, not of GoodCity.
    Framework,
    /// A body of white space: the push platform is unknown.
    Blank,
    /// The text `Forbidden`: the protection in front of the web framework refused the request, and
    /// GoodCity did not see it.
    Blocked,
}

impl ApiError {
    /// The shape of the body.
    pub fn shape(&self) -> ErrorShape {
        self.shape
    }

    /// The type of the error, such as `UnauthorizedError`, if the server names one.
    pub fn error_type(&self) -> Option<&str> {
        self.body.as_ref()?.type_.as_deref()
    }

    /// The message, unless the messages belong to [`fields`](Self::fields). It may quote what the
    /// user entered: do not log it.
    pub fn expose_message(&self) -> Option<&str> {
        let body = self.body.as_ref()?;
        let errors = body.errors.as_deref().and_then(first_text);
        errors.or(body.error.as_deref())
    }

    /// The names of the invalid fields.
    pub fn fields(&self) -> Vec<&str> {
        let fields = self.expose_field_messages().into_iter();
        fields.map(|(name, _)| name).collect()
    }

    /// The invalid fields with their messages, which may quote what the user entered: do not log
    /// them.
    pub fn expose_field_messages(&self) -> Vec<(&str, &str)> {
        let errors = self.body.as_ref().and_then(|body| body.errors.as_ref());
        let Some(Value::Object(fields)) = errors.map(|errors| &**errors) else {
            return Vec::new();
        };
        let fields = fields.iter();
        fields
            .filter_map(|(name, message)| Some((name.as_str(), first_text(message)?)))
            .collect()
    }

    /// The whole body, with its messages; `None` for [`ErrorShape::Blank`] and
    /// [`ErrorShape::Blocked`]. Do not log it.
    pub fn expose_body(&self) -> Option<&ErrorBody> {
        self.body.as_ref()
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goodcity::ApiError({:?})", self.shape)
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
    let api_error = decode(response)?;
    Some(ParsedError {
        code: api_error.error_type().map(str::to_owned),
        request_id: None,
        is_public_code: api_error.error_type() == Some("ForeignKeyMismatchError"),
        kind: None,
        message: (operation.carries_code && api_error.shape == ErrorShape::Fields)
            .then_some("code not accepted"),
        typed: Box::new(api_error),
    })
}

fn decode(response: &RawResponse) -> Option<ApiError> {
    let body = response.body();
    let text = |shape| Some(ApiError { shape, body: None });
    match body.trim_ascii() {
        b"" if !body.is_empty() => return text(ErrorShape::Blank),
        b"Forbidden" => return text(ErrorShape::Blocked),
        _ => {}
    }
    let body: ErrorBody = response.read_error(&schemas::ERROR_BODY)?;
    let shape = match (&body.errors, &body.error) {
        (Some(errors), _) if !errors.is_object() && first_text(errors).is_some() => {
            ErrorShape::Invalid
        }
        (Some(errors), _) if errors.is_object() => ErrorShape::Fields,
        (_, Some(_)) if body.type_.is_some() => ErrorShape::Typed,
        (_, Some(_)) if body.status.is_some() => ErrorShape::Framework,
        (_, Some(_)) => ErrorShape::Plain,
        _ => return None,
    };
    Some(ApiError {
        shape,
        body: Some(body),
    })
}

/// A text, or the first one of a list.
fn first_text(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get(0)?.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::{HeaderMap, StatusCode};

    use super::*;

    fn response(status: StatusCode, body: &str) -> RawResponse {
        RawResponse::new(status, HeaderMap::new(), body.to_owned().into())
    }

    #[test]
    fn each_shape_is_recognised() {
        let message = |text| (Some(text), vec![]);
        for (body, shape, (text, fields)) in [
            (
                r#"{"errors": "Not valid. Nor that"}"#,
                ErrorShape::Invalid,
                message("Not valid. Nor that"),
            ),
            (
                r#"{"errors": {"pin": "No"}}"#,
                ErrorShape::Fields,
                (None, vec![("pin", "No")]),
            ),
            (
                r#"{"errors": ["No", "Nor that"]}"#,
                ErrorShape::Invalid,
                message("No"),
            ),
            (
                r#"{"errors": {"pin": ["No"]}}"#,
                ErrorShape::Fields,
                (None, vec![("pin", "No")]),
            ),
            (r#"{"error": "No"}"#, ErrorShape::Plain, message("No")),
            (
                r#"{"error": "No", "type": "UnauthorizedError", "status": 401}"#,
                ErrorShape::Typed,
                message("No"),
            ),
            (
                r#"{"status": 404, "error": "Not Found"}"#,
                ErrorShape::Framework,
                message("Not Found"),
            ),
            (" ", ErrorShape::Blank, (None, vec![])),
            ("Forbidden", ErrorShape::Blocked, (None, vec![])),
            ("Forbidden\n", ErrorShape::Blocked, (None, vec![])),
        ] {
            let api_error = decode(&response(StatusCode::UNPROCESSABLE_ENTITY, body)).unwrap();
            assert_eq!(api_error.shape(), shape, "{body}");
            assert_eq!(api_error.expose_message(), text, "{body}");
            let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
            assert_eq!(api_error.fields(), names, "{body}");
            assert_eq!(api_error.expose_field_messages(), fields, "{body}");
            assert_eq!(
                format!("{api_error:?}"),
                format!("goodcity::ApiError({shape:?})")
            );
        }
    }

    #[test]
    fn other_bodies_are_not_api_errors() {
        for body in [
            "",
            "<html>",
            "{}",
            "null",
            "[]",
            r#"{"errors": 5}"#,
            "forbidden",
            r#""Forbidden""#,
            "Forbidden by the proxy",
            r#"{"status": 500}"#,
        ] {
            assert!(
                decode(&response(StatusCode::UNPROCESSABLE_ENTITY, body)).is_none(),
                "{body}"
            );
        }
    }
}
