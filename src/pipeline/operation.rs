//! What a description says about one operation.

use std::borrow::Cow;

use http::Method;

/// One documented operation, as the build read it from the description.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    /// The documented path, parameters in braces.
    pub(crate) path: Cow<'static, str>,
    pub(crate) session: Need,
    pub(crate) application: Need,
    pub(crate) signature: Need,
    /// What the bootstrap signature covers: the first of these that the request has.
    pub(crate) signed_fields: &'static [&'static str],
    pub(crate) idempotency: Idempotency,
    pub(crate) sends_message: bool,
    pub(crate) carries_code: bool,
    /// Whether success is a string that may come without JSON's quotes.
    pub(crate) bare_text: bool,
    /// The member that a bare string stands for, where the server may answer that.
    pub(crate) bare_member: Option<&'static str>,
}

/// Whether a credential is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It is never attached.
    Never,
    /// It is attached if there is one.
    Optional,
    /// Without it nothing is sent.
    Required,
}

/// What may happen to a request more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idempotency {
    /// Repeating changes nothing.
    Idempotent,
    /// It sends a message, consumes a code or creates something.
    NotIdempotent,
}
