//! Whether the body of a response with a success status agrees that it is a success.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::operation::Operation;
use super::response::RawResponse;
use crate::decode::{Name, repaired_strings};

/// Whether a success member of the operation says that the request was not carried out.
///
/// Only `true`, and this word as text, is a yes. A member that is there and cannot be read, or is
/// there twice, is no success: a caller who asks again loses less than one who relies on what did not
/// happen. A body without such a member says nothing, and neither does one that is no JSON object.
pub(super) fn says_no(operation: &Operation, response: &RawResponse) -> bool {
    let Operation {
        success_members: members,
        ..
    } = operation;
    if members.is_empty() {
        return false;
    }
    let text = response.text();
    let text = repaired_strings(&text);
    let mut said = Said {
        members,
        seen: Vec::new(),
        no: false,
    };
    // What was read before the JSON breaks off was said.
    let _ = said.deserialize(&mut serde_json::Deserializer::from_str(&text));
    said.no
}

/// What the success members of a body say.
struct Said {
    members: &'static [&'static str],
    seen: Vec<&'static str>,
    no: bool,
}

impl<'de> DeserializeSeed<'de> for &mut Said {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, body: D) -> Result<(), D::Error> {
        body.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Said {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<Name<'de>>()? {
            let known = self.members.iter().find(|known| **known == name.as_str());
            let Some(known) = known else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let said_no = std::mem::replace(&mut self.no, true);
            let value = members.next_value()?;
            self.no = said_no || !is_yes(&value) || self.seen.contains(known);
            self.seen.push(known);
        }
        Ok(())
    }
}

fn is_yes(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::String(text) => text == "true",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method, StatusCode};

    use super::*;
    use crate::decode::{BareString, Shape};
    use crate::pipeline::{Idempotency, Need};

    fn operation(success_members: &'static [&'static str]) -> Operation {
        Operation {
            id: "set_password",
            method: Method::POST,
            path: "/password".into(),
            session: Need::Never,
            application: Need::Never,
            signature: Need::Never,
            signed_fields: &[],
            idempotency: Idempotency::NotIdempotent,
            sends_message: false,
            carries_code: true,
            response: &Shape::Any,
            bare_string: BareString::No,
            success_members,
            misconfigured: &[],
        }
    }

    fn body_says_no(operation: &Operation, body: impl AsRef<[u8]>) -> bool {
        let body = Bytes::copy_from_slice(body.as_ref());
        says_no(
            operation,
            &RawResponse::new(StatusCode::OK, HeaderMap::new(), body),
        )
    }

    #[test]
    fn only_true_is_a_yes_and_an_absent_member_says_nothing() {
        let one = operation(&["success"]);
        let no = [
            "false",
            r#""false""#,
            r#""False""#,
            r#""FALSE""#,
            r#""True""#,
            r#""no""#,
            r#""maybe""#,
            r#""""#,
            r#"" true""#,
            r#""1""#,
            r#""tru\u0065 ""#,
            r#""true\ud83d""#,
            "null",
            "{}",
            "[]",
            "[true]",
            r#"{"success":true}"#,
            "0",
            "1",
            "2",
            "-1",
            "1.0",
            "1e999",
            "true,\"success\":true",
            "true,\"success\":false",
            "false,\"success\":true",
            "true,\"succ\\u0065ss\":true",
            "tru",
        ];
        for value in no {
            for body in [
                format!(r#"{{"success":{value}}}"#),
                format!(r#"{{"before":{{"success":true}},"success":{value},"after":1}}"#),
            ] {
                assert!(body_says_no(&one, body), "{body}");
            }
        }
        for value in ["true", r#""true""#, r#""tru\u0065""#] {
            let body = format!(r#"{{"message":"\ud83d","success":{value},"\ud83d":[1]}}"#);
            assert!(!body_says_no(&one, body), "{body}");
        }
        let silent = [
            "",
            "{}",
            "null",
            "false",
            "[false]",
            "<html>",
            r#"{"Success":false}"#,
            r#"{"data":{"success":false}}"#,
            r#"[{"success":false}]"#,
        ];
        for body in silent {
            assert!(!body_says_no(&one, body), "{body}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_invalid_text_hide_no_decision() {
        let one = operation(&["success"]);
        for body in [
            &b"\xef\xbb\xbf{\"success\":false}"[..],
            b"{\"name\":\"Jos\xe9\",\"success\":false}",
            b"{\"Jos\xe9\":1,\"success\":false}",
            b"{\"success\":false,\"name\":",
            b"{\"name\":\"a\nb\",\"success\":false}",
            b"\xff\xfe{\0\"\0s\0u\0c\0c\0e\0s\0s\0\"\0:\x000\0}\0",
        ] {
            assert!(body_says_no(&one, body), "{body:?}");
        }
    }

    #[test]
    fn each_of_several_members_can_say_no() {
        let two = operation(&["valid", "success"]);
        for (body, no) in [
            (r#"{"valid":true}"#, false),
            (r#"{"success":true}"#, false),
            (r#"{"valid":true,"success":true}"#, false),
            (r#"{"valid":false,"success":true}"#, true),
            (r#"{"success":true,"valid":null}"#, true),
            (r#"{"valid":true,"success":false}"#, true),
        ] {
            assert_eq!(body_says_no(&two, body), no, "{body}");
        }
        let none = operation(&[]);
        assert!(!body_says_no(&none, r#"{"success":false}"#));
    }
}
