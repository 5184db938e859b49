//! The words by which a system ends a session.

use http::StatusCode;

use super::error_word::SessionEnd;
use super::operation::{Need, Operation};
use super::response::RawResponse;
use crate::error::CredentialVerdict;

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
    let row = rows.find(|row| matches(row, operation, status, response, is_own));
    match row {
        None => CredentialVerdict::Unknown,
        Some(SessionEnd { again_after: 0, .. }) => CredentialVerdict::Ended,
        Some(row) => CredentialVerdict::EndedIfRepeated(row.again_after),
    }
}

fn matches(
    row: &SessionEnd,
    operation: &Operation,
    status: StatusCode,
    response: &RawResponse,
    is_own: bool,
) -> bool {
    let word = &row.word;
    let has_session = !word.operation.is_empty() || operation.session != Need::Never;
    // Any text counts only in the system's own format: a gateway's error has the same members.
    let is_format = is_own || !(word.member.is_empty() || word.text == "*");
    has_session
        && is_format
        && word.is_for(operation.id, status)
        && (word.member.is_empty() || word.is_in(&response.text()))
}
