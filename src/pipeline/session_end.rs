//! The words by which a system ends a session.

use http::StatusCode;

use super::error_word::ErrorWord;
use super::operation::{Need, Operation};
use super::response::RawResponse;

/// Words of an error response that end the session whose credential the request carried, or whose
/// refresh token it sent: a row of `x-session-ends` in the description. A row without a member is any
/// body in the system's format, and one without an operation is for every operation with a session.
#[derive(Debug)]
pub(crate) struct SessionEnd {
    pub(crate) word: ErrorWord,
    /// The words count only if they come again, at least this many seconds later; 0 if at once.
    pub(crate) again_after: u64,
}

/// What an error response says about the credential of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CredentialVerdict {
    /// Nothing that the description has.
    #[default]
    Unknown,
    /// It ends the session if the server says so again, at least this many seconds later.
    EndedIfRepeated(u64),
    /// It ends the session.
    Ended,
}

/// Tells what the response to an operation says about the credential. `is_own` says whether it is in the
/// system's own format.
pub(super) fn verdict(
    operation: &Operation,
    response: &RawResponse,
    is_own: bool,
) -> CredentialVerdict {
    let status = response.status();
    // A page comes from a proxy or gateway, which knows nothing of sessions.
    if !status.is_client_error() || operation.session_ends.is_empty() || response.is_page() {
        return CredentialVerdict::Unknown;
    }
    let mut rows = operation.session_ends.iter();
    let row = rows.find(|row| row.matches(operation, status, response, is_own));
    match row {
        None => CredentialVerdict::Unknown,
        Some(SessionEnd { again_after: 0, .. }) => CredentialVerdict::Ended,
        Some(row) => CredentialVerdict::EndedIfRepeated(row.again_after),
    }
}

impl SessionEnd {
    fn matches(
        &self,
        operation: &Operation,
        status: StatusCode,
        response: &RawResponse,
        is_own: bool,
    ) -> bool {
        let word = &self.word;
        let has_session = !word.operation.is_empty() || operation.session != Need::Never;
        // Any text counts only in the system's own format: a gateway's error has the same members.
        let is_format = is_own || !(word.member.is_empty() || word.text == "*");
        has_session
            && is_format
            && word.is_for(operation, status)
            && (word.member.is_empty() || word.is_in(&response.text()))
    }
}
