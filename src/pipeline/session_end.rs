//! The words by which a system ends a session.

use http::StatusCode;
use serde_json::Value;

use super::misconfigured::is_word;
use super::operation::{Need, Operation};
use super::response::RawResponse;
use crate::decode::Members;

/// Words of an error response that end the session whose credential the request carried, or whose
/// refresh token it sent: a row of `x-session-ends` in the description.
#[derive(Debug)]
pub(crate) struct SessionEnd {
    /// The operation that the words belong to; empty for every operation with a session.
    pub(crate) operation: &'static str,
    /// The status, or 0 for any 4xx.
    pub(crate) status: u64,
    /// The member of the body that holds the word; empty for any body in the system's format.
    pub(crate) member: &'static str,
    /// The text of the member, a pattern of [`is_word`].
    pub(crate) word: &'static str,
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
        let is_operation = match self.operation {
            "" => operation.session != Need::Never,
            named => named == operation.id,
        };
        let is_status = self.status == 0 || self.status == u64::from(status.as_u16());
        // Any word counts only in the system's own format: a gateway's error has the same members.
        let is_format = is_own || self.word != "*";
        is_operation && is_status && is_format && self.is_said_by(response, is_own)
    }

    fn is_said_by(&self, response: &RawResponse, is_own: bool) -> bool {
        if self.member.is_empty() {
            return is_own;
        }
        let text = response.text();
        let Some(members) = Members::of(&text) else {
            return false;
        };
        // A member that is there twice says nothing.
        let mut values = members.named(self.member);
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        match serde_json::from_str(value) {
            Ok(Value::String(text)) => is_word(self.word, text.trim()),
            Ok(Value::Bool(flag)) => self.word == if flag { "true" } else { "false" },
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn says(row: &SessionEnd, body: &'static str) -> bool {
        let body = Bytes::from_static(body.as_bytes());
        let response = RawResponse::new(StatusCode::UNAUTHORIZED, HeaderMap::new(), body);
        row.is_said_by(&response, true)
    }

    #[test]
    fn only_an_unambiguous_member_counts() {
        let code = SessionEnd {
            operation: "",
            status: 0,
            member: "code",
            word: "AUTH*",
            again_after: 0,
        };
        assert!(says(&code, r#"{"code": "AUTH3"}"#));
        assert!(says(&code, r#" {"other": 1, "code": "AUTH"} "#));
        for body in [
            "",
            "[]",
            "{}",
            r#"{"code": null}"#,
            r#"{"code": ["AUTH3"]}"#,
            r#"{"code": "A103"}"#,
            r#"{"code": "xAUTH3"}"#,
            r#"{"message": "AUTH3"}"#,
            r#"{"inner": {"code": "AUTH3"}}"#,
            r#"{"code": "AUTH3", "code": "A103"}"#,
            r#"{"code": "AUTH3""#,
        ] {
            assert!(!says(&code, body), "{body}");
        }
    }

    #[test]
    fn a_flag_counts_by_its_exact_value() {
        let flag = SessionEnd {
            operation: "",
            status: 0,
            member: "authenticated",
            word: "false",
            again_after: 0,
        };
        for (body, counts) in [
            (r#"{"authenticated": false}"#, true),
            (r#"{"authenticated": "false"}"#, true),
            (r#"{"authenticated": true}"#, false),
            (r#"{"authenticated": 0}"#, false),
            (r#"{"authenticated": "no"}"#, false),
            (r#"{"authenticated": null}"#, false),
            (r#"{"authenticated": false, "authenticated": true}"#, false),
        ] {
            assert_eq!(says(&flag, body), counts, "{body}");
        }
    }
}
