//! What the description says of a body: generated from its schemas, and used where a body differs.

use super::member::Members;
use super::string;

/// The schema of a value.
#[derive(Debug)]
#[allow(dead_code, reason = "not every document has every kind of schema")]
pub(crate) enum Schema {
    Any,
    Text,
    Token(Token),
    /// A 32-bit or 64-bit integer.
    Integer {
        bits: u32,
    },
    Number,
    Boolean,
    /// An instant, as chrono reads it.
    Time,
    /// A day without time.
    Date,
    Array(&'static Schema),
    /// An object whose members are not named.
    Map(&'static Schema),
    Object(&'static [Member]),
}

/// A documented member of an object.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) schema: &'static Schema,
    /// Whether the response makes no sense without it.
    pub(crate) is_needed: bool,
    /// Whether null is as if a member that decides were not there.
    pub(crate) is_nullable: bool,
    /// The value that counts where the member decides and cannot be read.
    pub(crate) decides: Option<WhenUnreadable>,
}

/// What a member that decides counts as, if it is there and neither true nor false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "not every document has every kind of member")]
pub(crate) enum WhenUnreadable {
    True,
    False,
    /// As if it were not there.
    Absent,
}

/// The form of a token or of an id that goes back to the server. It is always a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "not every document has every kind of token")]
pub(crate) enum Token {
    /// Any text without control characters and U+FFFD.
    Opaque,
    /// The alphabet of RFC 6750, section 2.1.
    Bearer,
    /// Three base64url parts, the first one a JSON object.
    Jwt,
}

impl Schema {
    /// Whether strict reading may be tried: no member that only exact values may fill is missing, doubled
    /// or in another form.
    pub(super) fn admits(&self, text: &str) -> bool {
        match self {
            Self::Token(token) => string(text).is_some_and(|text| token.admits(&text)),
            Self::Object(members) => {
                let mut checked = members.iter().filter(|it| it.is_checked()).peekable();
                if checked.peek().is_none() {
                    return true;
                }
                let Some(found) = Members::of(text) else {
                    return false;
                };
                checked.all(|member| {
                    let mut values = found.named(member.name);
                    match (values.next(), values.next()) {
                        (None, _) => !member.is_needed,
                        (Some(raw), None) => member.admits(raw),
                        (Some(_), Some(_)) => false,
                    }
                })
            }
            _ => true,
        }
    }

    /// The text of a body that is not there.
    pub(super) fn empty(&self) -> Option<&'static str> {
        match self {
            Self::Array(_) => Some("[]"),
            Self::Object(members) if members.iter().any(|member| member.is_needed) => None,
            Self::Any | Self::Map(_) | Self::Object(_) => Some("{}"),
            _ => None,
        }
    }
}

impl Member {
    /// Whether a value is a null that says nothing.
    pub(super) fn is_null(&self, raw: &str) -> bool {
        self.is_nullable && raw == "null"
    }

    fn is_checked(&self) -> bool {
        self.is_needed || self.decides.is_some() || matches!(self.schema, Schema::Token(_))
    }

    fn admits(&self, raw: &str) -> bool {
        match (self.decides, self.schema) {
            (Some(_), _) if self.is_null(raw) => true,
            (Some(_), Schema::Integer { .. }) => matches!(raw, "0" | "1"),
            (Some(_), Schema::Text) => raw.starts_with('"') && raw != r#""""#,
            (Some(_), _) => matches!(raw, "true" | "false"),
            _ if raw == "null" => !self.is_needed,
            (_, Schema::Token(token)) => string(raw).is_some_and(|text| token.admits(&text)),
            _ => raw != r#""""#,
        }
    }
}

impl Token {
    /// Whether a text has this form.
    pub(crate) fn admits(self, text: &str) -> bool {
        match self {
            Self::Opaque => {
                !text.is_empty()
                    && !text
                        .contains(|it: char| it.is_control() || it == char::REPLACEMENT_CHARACTER)
            }
            Self::Bearer => {
                let name = text.trim_end_matches('=');
                let allowed = |it: u8| it.is_ascii_alphanumeric() || b"-._~+/".contains(&it);
                !name.is_empty() && name.bytes().all(allowed)
            }
            Self::Jwt => is_jwt(text),
        }
    }
}

fn is_jwt(text: &str) -> bool {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let parts: Vec<_> = text.split('.').collect();
    let [header, ..] = parts[..] else {
        return false;
    };
    let allowed = |it: u8| it.is_ascii_alphanumeric() || b"-_".contains(&it);
    let is_part = |part: &&str| !part.is_empty() && part.bytes().all(allowed);
    let header = URL_SAFE_NO_PAD.decode(header).ok();
    let header = header.and_then(|header| String::from_utf8(header).ok());
    parts.len() == 3
        && parts.iter().all(is_part)
        && header.is_some_and(|header| Members::of(&header).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_of_their_alphabet() {
        let jwt = "eyJhbGciOiJub25lIn0.e30.c2ln";
        for (token, text, right) in [
            (Token::Opaque, "a b/+=%", true),
            (Token::Opaque, "", false),
            (Token::Opaque, "a\u{fffd}", false),
            (Token::Opaque, "a\n", false),
            (Token::Bearer, "aZ09-._~+/==", true),
            (Token::Bearer, "a b", false),
            (Token::Bearer, "a=b", false),
            (Token::Bearer, "==", false),
            (Token::Bearer, "tök", false),
            (Token::Jwt, jwt, true),
            (Token::Jwt, "e30.e30", false),
            (Token::Jwt, "e30.e30.", false),
            (Token::Jwt, "e30.e30.e30.e30", false),
            (Token::Jwt, "WzFd.e30.c2ln", false),
            (Token::Jwt, "Service temporarily unavailable", false),
            (Token::Jwt, "e30.e30.c2=n", false),
        ] {
            assert_eq!(token.admits(text), right, "{token:?} {text:?}");
        }
    }
}
