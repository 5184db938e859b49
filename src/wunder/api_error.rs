//! Wunder's own errors.

use std::fmt;

use super::user_api::types;
use crate::error::ErrorKind;
use crate::pipeline::{Operation, ParsedError};

/// How Wunder said no; get it by [`Error::api_error`](crate::Error::api_error).
///
/// `Debug` shows the code alone: the message may quote what the user entered.
#[derive(Clone)]
pub struct ApiError {
    body: types::ApiError,
}

/// The families of Wunder's error codes that matter to sign-in and onboarding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// `AUTH*`, `A2xx`: tokens and signing in.
    Authentication,
    /// `A1xx`: permissions.
    Permission,
    /// `U130`: the profile is incomplete.
    ProfileIncomplete,
    /// `U1xx`: the user.
    User,
    /// `U3xx`: verification of the phone number.
    PhoneVerification,
    /// `U4xx`: verification of the e-mail address.
    EmailVerification,
    /// `U5xx`: the driving licence.
    Licence,
    /// `U6xx`: terms and conditions.
    Terms,
    /// `U8xx`, `B*`: branches.
    Branch,
    /// Any other code, or none.
    Other,
}

impl ApiError {
    /// The code without its suffix, such as `U106`; empty if there is none.
    pub fn code(&self) -> &str {
        let code = self.body.error_code.as_deref().unwrap_or_default();
        code.split('.').next().unwrap_or_default()
    }

    /// What the code is about.
    pub fn family(&self) -> Family {
        let code = self.code();
        let starts = |prefix: &str| code.starts_with(prefix);
        if starts("AUTH") || starts("A2") {
            Family::Authentication
        } else if starts("A1") {
            Family::Permission
        } else if code == "U130" {
            Family::ProfileIncomplete
        } else if starts("U1") {
            Family::User
        } else if starts("U3") {
            Family::PhoneVerification
        } else if starts("U4") {
            Family::EmailVerification
        } else if starts("U5") {
            Family::Licence
        } else if starts("U6") {
            Family::Terms
        } else if starts("U8") || starts("B") {
            Family::Branch
        } else {
            Family::Other
        }
    }

    /// A message for the user, in the language of the request. Not for logs.
    pub fn user_message(&self) -> Option<&str> {
        self.body.user_message.as_deref()
    }

    /// The whole error as it came. Not for logs.
    pub fn body(&self) -> &types::ApiError {
        &self.body
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = Some(self.code()).filter(|code| code.is_empty() || is_code(code));
        write!(f, "wunder::ApiError({})", code.unwrap_or("[not shown]"))
    }
}

/// Reads an error body. A code that names an unfinished step leads to that step, except where a
/// code was sent: there it is about that code.
pub(super) fn parse(operation: &Operation, body: &[u8]) -> Option<ParsedError> {
    let body: types::ApiError = serde_json::from_slice(body).ok()?;
    // Any object fits the documented shape, also that of a gateway.
    if own_code(&body).is_none() && body.error_code.is_none() && body.user_message.is_none() {
        return None;
    }
    let api_error = ApiError { body };
    let family = api_error.family();
    let unfinished = matches!(
        family,
        Family::ProfileIncomplete
            | Family::PhoneVerification
            | Family::EmailVerification
            | Family::Terms
    );
    Some(ParsedError {
        code: own_code(&api_error.body).map(str::to_owned),
        request_id: api_error.body.trace_id.clone(),
        names_token: family == Family::Authentication,
        kind: (unfinished && !operation.carries_code).then_some(ErrorKind::StepRequired),
        typed: Box::new(api_error),
    })
}

/// The code; one older endpoint answers `{"error": "0012", "error_description": "…"}`.
fn own_code(body: &types::ApiError) -> Option<&str> {
    let older = || body.extra.get("error")?.as_str();
    let code = body.error_code.as_deref().or_else(older);
    code.filter(|code| is_code(code))
}

/// Whether it looks like a code and like nothing that is secret: `R102.1`, `AUTH7`, `0012`.
fn is_code(text: &str) -> bool {
    let of_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'.';
    (1..=12).contains(&text.len()) && text.bytes().all(of_code)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::generated::wunder_user::operations::GET_CUSTOMER;

    #[test]
    fn a_code_that_is_none_is_not_shown() {
        for (code, shown) in [
            ("U106.2", "wunder::ApiError(U106)"),
            ("", "wunder::ApiError()"),
            ("+43123456789", "wunder::ApiError([not shown])"),
            ("U1\\n06", "wunder::ApiError([not shown])"),
        ] {
            let body = format!(r#"{{"errorCode": "{code}"}}"#);
            let parsed = parse(&GET_CUSTOMER, body.as_bytes()).unwrap();
            let api_error: &ApiError = parsed.typed.downcast_ref().unwrap();
            assert_eq!(format!("{api_error:?}"), shown, "{code}");
        }
    }
}
