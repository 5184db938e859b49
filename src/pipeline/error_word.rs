//! Words of error responses to which the description gives a meaning.

use http::StatusCode;
use serde_json::Value;

use crate::decode::Members;

/// The responses that say the word, and where they say it.
#[derive(Debug)]
pub(crate) struct ErrorWord {
    /// The operation that is responded to; empty for any.
    pub(crate) operation: &'static str,
    /// The status, or 0 for any 4xx.
    pub(crate) status: u64,
    /// The member of the body that holds the word; empty if the format of the body says enough.
    pub(crate) member: &'static str,
    /// The text of the member. A `*` at its start or its end stands for any text; `true` and `false` are
    /// booleans as well.
    pub(crate) text: &'static str,
}

impl ErrorWord {
    /// Whether the word counts in a response to this operation, with this status.
    pub(super) fn is_for(&self, operation: &str, status: StatusCode) -> bool {
        (self.operation.is_empty() || self.operation == operation)
            && (self.status == 0 || self.status == u64::from(status.as_u16()))
    }

    /// Whether the member of this body is the word. A member that is there twice says nothing.
    pub(super) fn is_in(&self, body: &str) -> bool {
        let Some(members) = Members::of(body) else {
            return false;
        };
        let mut values = members.named(self.member);
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        match serde_json::from_str(value) {
            Ok(Value::String(text)) => self.is(text.trim()),
            Ok(Value::Bool(flag)) => self.text == if flag { "true" } else { "false" },
            _ => false,
        }
    }

    fn is(&self, text: &str) -> bool {
        match (self.text.strip_prefix('*'), self.text.strip_suffix('*')) {
            (Some(end), _) => text.ends_with(end),
            (None, Some(start)) => text.starts_with(start),
            (None, None) => text == self.text,
        }
    }
}

/// What the operator has to check: the class of a
/// [`Misconfigured`](crate::ErrorKind::Misconfigured) error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misconfiguration {
    Signature,
    Application,
    Tenant,
    Path,
    Host,
    Oauth,
}

/// Words by which a system says that it is not used as it is configured: a row of `x-misconfigured` in the
/// description. A row without a member is for a response that is not in the system's format.
#[derive(Debug)]
pub(crate) struct MisconfigurationRule {
    pub(crate) class: Misconfiguration,
    pub(crate) word: ErrorWord,
    /// Whether the words were seen at the system, so that a signature may be made again.
    pub(crate) published: bool,
}

/// Words of an error response that end the session whose credential the request carried, or whose
/// refresh token it sent: a row of `x-session-ends` in the description. A row without a member is any
/// body in the system's format, and one without an operation is for every operation with a session.
#[derive(Debug)]
pub(crate) struct SessionEnd {
    pub(crate) word: ErrorWord,
    /// The words count only if they come again, at least this many seconds later; 0 if at once.
    pub(crate) again_after: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(member: &'static str, text: &'static str) -> ErrorWord {
        ErrorWord {
            operation: "",
            status: 0,
            member,
            text,
        }
    }

    #[test]
    fn only_an_unambiguous_member_counts() {
        let code = word("code", "AUTH*");
        assert!(code.is_in(r#"{"code": "AUTH3"}"#));
        assert!(code.is_in(r#" {"other": 1, "code": "AUTH"} "#));
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
            assert!(!code.is_in(body), "{body}");
        }
    }

    #[test]
    fn a_flag_counts_by_its_exact_value() {
        let flag = word("authenticated", "false");
        for (body, counts) in [
            (r#"{"authenticated": false}"#, true),
            (r#"{"authenticated": "false"}"#, true),
            (r#"{"authenticated": true}"#, false),
            (r#"{"authenticated": 0}"#, false),
            (r#"{"authenticated": "no"}"#, false),
            (r#"{"authenticated": null}"#, false),
            (r#"{"authenticated": false, "authenticated": true}"#, false),
        ] {
            assert_eq!(flag.is_in(body), counts, "{body}");
        }
    }

    #[test]
    fn a_word_may_be_the_start_or_the_end_of_the_text() {
        for (text, said, is_word) in [
            ("E2", "E2", true),
            ("E2", "E21", false),
            ("A2*", "A203", true),
            ("A2*", "A1", false),
            ("*/auth/refresh-token", "/tenant01/auth/refresh-token", true),
            ("*/auth/refresh-token", "/auth/refresh-token/2", false),
        ] {
            assert_eq!(word("code", text).is(said), is_word, "{text}: {said}");
        }
    }
}
