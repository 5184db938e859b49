//! The error responses of Wunder.

use std::fmt;

use super::user_api::types;
use crate::error::ErrorKind;
use crate::generated::wunder_user::operations::ERROR_CODES;
use crate::generated::wunder_user::schemas;
use crate::pipeline::{Need, Operation, ParsedError, PublishedCode, RawResponse};

/// An error response of Wunder; [`Error::api_error`](crate::Error::api_error) gives it.
///
/// `Debug` and `Display` show only the code, because the message may quote what the user entered.
#[derive(Clone)]
pub struct ApiError {
    body: types::ApiError,
}

/// The groups of Wunder's error codes that matter for sign-in and onboarding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorFamily {
    /// `AUTH*`, `A2xx`: tokens and sign-in.
    Authentication,
    /// `A1xx`: permissions.
    Permission,
    /// `U130`, and the codes that name [missing members](ApiError::missing_members): the profile is
    /// incomplete.
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
    /// The error code without its suffix, such as `U106`; empty if there is none.
    pub fn code(&self) -> &str {
        let code = self.body.error_code.as_deref().unwrap_or_default();
        code.split('.').next().unwrap_or_default()
    }

    /// What the vendor publishes about the code, in English; `None` for a code that it does not publish,
    /// or that has no meaning for accounts. It contains nothing of the request.
    pub fn meaning(&self) -> Option<&'static str> {
        Some(self.published()?.means)
    }

    /// The members that the profile of the user lacks, by their names in JSON, if the code names them:
    /// `firstName` for `U130.5`, say. `U130.2`, with two, means that one of them is needed. Of these names
    /// only `email` and `phoneNumber` are documented; the others are assumptions.
    pub fn missing_members(&self) -> &'static [&'static str] {
        self.published().map_or(&[], |published| published.missing)
    }

    /// What is published about the whole code, else about the part before the dot.
    fn published(&self) -> Option<&'static PublishedCode> {
        let named = |code: &str| ERROR_CODES.iter().find(|published| published.code == code);
        let whole = self.body.error_code.as_deref().unwrap_or_default();
        named(whole).or_else(|| named(self.code()))
    }

    /// The family of the code.
    pub fn family(&self) -> ErrorFamily {
        let code = self.code();
        let starts = |prefix: &str| code.starts_with(prefix);
        if starts("AUTH") || starts("A2") {
            ErrorFamily::Authentication
        } else if starts("A1") {
            ErrorFamily::Permission
        } else if code == "U130" || !self.missing_members().is_empty() {
            ErrorFamily::ProfileIncomplete
        } else if starts("U1") {
            ErrorFamily::User
        } else if starts("U3") {
            ErrorFamily::PhoneVerification
        } else if starts("U4") {
            ErrorFamily::EmailVerification
        } else if starts("U5") {
            ErrorFamily::Licence
        } else if starts("U6") {
            ErrorFamily::Terms
        } else if starts("U8") || starts("B") {
            ErrorFamily::Branch
        } else {
            ErrorFamily::Other
        }
    }

    /// The message for the user, in the language of the request. It may name a phone or a mailbox:
    /// do not log it.
    pub fn expose_message(&self) -> Option<&str> {
        self.body.user_message.as_deref()
    }

    /// The whole body, with the message. Do not log it.
    pub fn expose_body(&self) -> &types::ApiError {
        &self.body
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = Some(self.code()).filter(|code| code.is_empty() || is_code(code));
        write!(f, "wunder::ApiError({})", code.unwrap_or("[not shown]"))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for ApiError {}

/// Whether [`Error::problem`](crate::Error::problem) may show a code: it says nothing about whether
/// an account exists or a password is right. Without a session only codes about the input alone are
/// shown. The table in its documentation lists the documented codes.
fn is_public_code(operation: &Operation, code: &str) -> bool {
    let number = code
        .strip_prefix('U')
        .and_then(|number| number.parse().ok());
    let about_input = matches!(number, Some(101 | 111 | 132 | 133));
    let about_signed_in_user = operation.session == Need::Required && !operation.carries_code;
    about_input
        || (about_signed_in_user && matches!(number, Some(120 | 130 | 134..=140 | 300..=699)))
}

/// Parses an error body. A code that names an unfinished step gives [`ErrorKind::StepRequired`] on an
/// operation with a session, unless it carries a code: there it refers to that code. Without a
/// session the kind would tell an account that exists from an unknown one.
pub(super) fn parse(operation: &Operation, response: &RawResponse) -> Option<ParsedError> {
    let body: types::ApiError = response.read_error(&schemas::API_ERROR)?;
    // Any JSON object fits the documented shape, also the one of a gateway.
    if error_code(&body).is_none() && body.error_code.is_none() && body.user_message.is_none() {
        return None;
    }
    let api_error = ApiError { body };
    let family = api_error.family();
    let unfinished = matches!(
        family,
        ErrorFamily::ProfileIncomplete
            | ErrorFamily::PhoneVerification
            | ErrorFamily::EmailVerification
            | ErrorFamily::Terms
    );
    let has_session = operation.session != Need::Never;
    Some(ParsedError {
        code: error_code(&api_error.body).map(str::to_owned),
        request_id: api_error.body.trace_id.clone(),
        is_public_code: is_public_code(operation, api_error.code()),
        message: match family {
            ErrorFamily::Authentication if operation.carries_code && !operation.sends_message => {
                Some("wrong code or password")
            }
            // The code that was sent to the signed-in user's number.
            ErrorFamily::PhoneVerification if operation.carries_code && has_session => {
                Some("code not accepted")
            }
            _ => None,
        },
        kind: match error_code(&api_error.body) {
            Some("temporarily_unavailable" | "server_error") => Some(ErrorKind::Unavailable),
            _ => (unfinished && has_session && !operation.carries_code)
                .then_some(ErrorKind::StepRequired),
        },
        typed: Box::new(api_error),
    })
}

/// The error codes of OAuth, RFC 6749, sections 4.1.2.1 and 5.2, that a token endpoint may send.
const OAUTH_CODES: [&str; 8] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
];

/// The error code; one older endpoint returns `{"error": "0012", "error_description": "…"}`, and a token
/// endpoint may send that of OAuth.
fn error_code(body: &types::ApiError) -> Option<&str> {
    let older = || body.extra.get("error")?.as_str();
    let code = body.error_code.as_deref().or_else(older);
    code.filter(|code| is_code(code) || OAUTH_CODES.contains(code))
}

/// Whether a text has the form of a code (`R102.1`, `AUTH7`, `0012`), and so cannot be a secret.
fn is_code(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'.';
    (1..=12).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::generated::wunder_user::operations::GET_CUSTOMER;

    #[test]
    fn debug_hides_a_malformed_code() {
        for (code, shown) in [
            ("U106.2", "wunder::ApiError(U106)"),
            ("", "wunder::ApiError()"),
            ("+43123456789", "wunder::ApiError([not shown])"),
            ("U1\\n06", "wunder::ApiError([not shown])"),
        ] {
            let body = format!(r#"{{"errorCode": "{code}"}}"#);
            let response = RawResponse::new(StatusCode::BAD_REQUEST, HeaderMap::new(), body.into());
            let parsed = parse(&GET_CUSTOMER, &response).unwrap();
            let api_error: &ApiError = parsed.typed.downcast_ref().unwrap();
            assert_eq!(format!("{api_error:?}"), shown, "{code}");
        }
    }
}
