//! The properties of an operation that the pipeline depends on.

use std::borrow::Cow;

use http::{HeaderValue, Method};

use super::error_word::{MisconfigurationRule, SessionEnd};
use crate::decode::{BareString, Schema};

/// One documented operation, generated from the system's description.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    /// The documented path, with parameters in braces.
    pub(crate) path: Cow<'static, str>,
    pub(crate) session: Need,
    pub(crate) application: Need,
    pub(crate) signature: Need,
    /// Candidates for the value that the bootstrap signature covers: the first one that the request
    /// has.
    pub(crate) signed_fields: &'static [&'static str],
    pub(crate) idempotency: Idempotency,
    pub(crate) sends_message: bool,
    pub(crate) carries_code: bool,
    /// The schema of the body of a success.
    pub(crate) response: &'static Schema,
    /// Whether that body may be a string without JSON's quotes.
    pub(crate) bare_string: BareString,
    /// The members of a response with a success status that say whether it is a success.
    pub(crate) success_members: &'static [&'static str],
    /// The `Accept` header: the media types of its responses.
    pub(crate) accept: HeaderValue,
    /// The refusals of the system that only the operator can mend.
    pub(crate) misconfigured: &'static [MisconfigurationRule],
    /// The words of the system that end a session.
    pub(crate) session_ends: &'static [SessionEnd],
}

/// The `Accept` header of an operation whose responses are JSON.
pub(super) const JSON: &str = "application/json, application/problem+json";

/// Whether an operation needs a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It is never attached.
    Never,
    /// It is attached if available.
    Optional,
    /// Nothing is sent without it.
    Required,
}

/// Whether a request may reach the server more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idempotency {
    /// Sending it again has no further effect.
    Idempotent,
    /// It sends a message, consumes a code or creates something.
    NotIdempotent,
}
