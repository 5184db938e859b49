//! The response that a back end gives for an error.

use http::StatusCode;
use serde::Serialize;

use super::{Error, ErrorKind};

/// Problem details (RFC 9457) of an [`Error`]: the body of a back end's own response to its user.
///
/// It holds text of this crate only, and nothing that a server wrote or a user entered. An unknown
/// user and a wrong password or code give the same problem. Serialise it as JSON with the content
/// type [`CONTENT_TYPE`](Self::CONTENT_TYPE):
///
/// ```
/// let error = "nowhere".parse::<vestibule::System>().unwrap_err();
/// let problem = serde_json::to_value(error.problem()).unwrap();
/// assert_eq!(problem["status"], 400);
/// assert_eq!(problem["kind"], "invalid_input");
/// assert_eq!(problem["field"], "system");
/// assert_eq!(problem["user_must_act"], true);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// `about:blank`: the [`kind`](Self::kind) tells problems apart.
    #[serde(rename = "type")]
    pub type_uri: &'static str,
    /// The name of the status, such as `Unprocessable Entity`.
    pub title: &'static str,
    /// The status of the response, as [`Error::http_status`] gives it.
    pub status: u16,
    /// One sentence in English that says what happened. For [`ErrorKind::InvalidInput`] it names the
    /// field and what would be right.
    pub detail: String,
    /// The kind of the error.
    pub kind: ErrorKind,
    /// The system's own code, if it is one that [`Error::problem`] may show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The name of the invalid input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The wait before the next attempt, in whole seconds, rounded up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Whether the user has to do something: correct the input, sign in, take another step or choose
    /// another way. If not, the same request may succeed later, or the operator has to act.
    pub user_must_act: bool,
}

impl Problem {
    /// The content type of the JSON text.
    pub const CONTENT_TYPE: &'static str = "application/problem+json";
}

impl Error {
    /// The status that a back end may give in its own response to its user.
    ///
    /// | kind | status |
    /// |---|---|
    /// | [`InvalidInput`](ErrorKind::InvalidInput) | 400 Bad Request |
    /// | [`Unauthenticated`](ErrorKind::Unauthenticated) | 401 Unauthorized |
    /// | [`StepRequired`](ErrorKind::StepRequired) | 403 Forbidden |
    /// | [`Rejected`](ErrorKind::Rejected) | 422 Unprocessable Entity |
    /// | [`RateLimited`](ErrorKind::RateLimited) | 429 Too Many Requests |
    /// | [`Misconfigured`](ErrorKind::Misconfigured) | 500 Internal Server Error |
    /// | [`Unsupported`](ErrorKind::Unsupported) | 501 Not Implemented |
    /// | [`InvalidResponse`](ErrorKind::InvalidResponse) | 502 Bad Gateway |
    /// | [`Unavailable`](ErrorKind::Unavailable) | 503 Service Unavailable |
    ///
    /// It depends on the kind alone: an unknown user and a wrong password or code are both
    /// `Rejected` and give the same status, whatever status the system gave
    /// ([`status`](Error::status)).
    pub fn http_status(&self) -> StatusCode {
        match self.kind() {
            ErrorKind::InvalidInput => StatusCode::BAD_REQUEST,
            ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorKind::StepRequired => StatusCode::FORBIDDEN,
            ErrorKind::Rejected => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
            ErrorKind::InvalidResponse => StatusCode::BAD_GATEWAY,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The problem details (RFC 9457) that a back end may give in its own response to its user.
    ///
    /// They hold no message of a server, no personal data, no system and no operation.
    ///
    /// # Which codes are shown
    ///
    /// A code that tells an unknown user from a wrong password or code, or that tells whether an
    /// account exists, is never shown. Of the documented codes these are shown:
    ///
    /// | system | shown | not shown |
    /// |---|---|---|
    /// | Wunder, any operation | `U101` (rules for passwords), `U111` (country missing), `U132`, `U133` (age): they are about the input alone | `U102`, `U104`, `U106`, `U107`, `U109`, `U131`, `U141` tell whether an account exists; `AUTH*` and `A2xx` are given for a wrong password, `A1xx` for a missing permission |
    /// | Wunder, with a session | also `U120`, `U130`, `U134` to `U140`, `U3xx`, `U4xx`, `U5xx`, `U6xx`: they are about the user who is signed in. Not where the call carries a code | |
    /// | The Wallet Crew | it has no codes | |
    /// | GoodCity | `ForeignKeyMismatchError` (unknown district) | `UnauthorizedError`: `send_pin` gives it for an existing user only |
    /// | Fynd | its codes are not published, so none is shown | all |
    pub fn problem(&self) -> Problem {
        let status = self.http_status();
        let kind = self.kind();
        Problem {
            type_uri: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: match kind {
                ErrorKind::InvalidInput => self.0.message.clone().into_owned(),
                _ => detail(kind).to_owned(),
            },
            kind,
            code: self.0.code.clone().filter(|_| self.0.is_public_code),
            field: self.field().map(str::to_owned),
            retry_after: self
                .retry_after()
                .map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
            user_must_act: matches!(
                kind,
                ErrorKind::InvalidInput
                    | ErrorKind::Unauthenticated
                    | ErrorKind::StepRequired
                    | ErrorKind::Rejected
                    | ErrorKind::Unsupported
            ),
        }
    }
}

/// What a user may read about an error. It depends on the kind alone: the message of an error tells
/// more than a user may know, such as the length of a response.
fn detail(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidInput => "An input is invalid.",
        ErrorKind::Unauthenticated => "Sign in first.",
        ErrorKind::StepRequired => "Another step is required first.",
        ErrorKind::Rejected => "The input was not accepted.",
        ErrorKind::RateLimited => "Too many requests. Wait before the next one.",
        ErrorKind::Misconfigured => "The service has an internal error.",
        ErrorKind::Unsupported => "The service does not offer this.",
        ErrorKind::InvalidResponse => "The service cannot be used at present.",
        ErrorKind::Unavailable => "The service is not available at present.",
    }
}
