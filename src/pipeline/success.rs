//! Whether the body of a response with a success status agrees that it is a success.

use memchr::{memchr2_iter, memmem};

use super::operation::Operation;
use super::response::RawResponse;
use crate::decode::Members;

/// Whether a success member of the operation says that the request was not carried out.
///
/// Only `true`, and this word as text, is a yes. A member that is there and cannot be read, or is
/// there twice, is no success: a caller who asks again loses less than one who relies on what did not
/// happen. A body without such a member says nothing, and neither does one that is no JSON object.
pub(super) fn says_no(operation: &Operation, response: &RawResponse) -> bool {
    let mut names = operation.success_members.iter();
    if names.len() == 0 || !may_name_one(response.body(), names.clone()) {
        return false;
    }
    let text = response.text();
    let Some(members) = Members::of(&text) else {
        return false;
    };
    names.any(|name| {
        let mut values = members.named(name);
        match (values.next(), values.next()) {
            (None, _) => false,
            (Some(value), None) => !matches!(value, "true" | r#""true""#),
            (Some(_), Some(_)) => true,
        }
    })
}

/// Whether a body may have a member of one of these names. Most bodies have none, and reading the
/// members of a large one costs as much as a part of decoding it.
fn may_name_one<'a>(body: &[u8], mut names: impl Iterator<Item = &'a &'static str>) -> bool {
    names.any(|name| memmem::find(body, name.as_bytes()).is_some()) || may_hide_names(body)
}

/// Whether a body may have names whose bytes are not those of the name: with escapes, or in UTF-16, where
/// each of their characters has a zero byte. All other charsets extend ASCII.
fn may_hide_names(body: &[u8]) -> bool {
    let mut found = memchr2_iter(b'\\', 0, body);
    found.any(|at| body[at] == 0 || body.get(at + 1) == Some(&b'u'))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method, StatusCode};

    use super::*;
    use crate::decode::{BareString, Schema};
    use crate::pipeline::{Idempotency, Need};

    fn response(body: &[u8]) -> RawResponse {
        RawResponse::new(
            StatusCode::OK,
            HeaderMap::new(),
            Bytes::copy_from_slice(body),
        )
    }

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
            response: &Schema::Any,
            bare_string: BareString::No,
            success_members,
            accept: HeaderValue::from_static("application/json"),
            misconfigured: &[],
            session_ends: &[],
        }
    }

    #[test]
    fn only_true_is_a_yes_and_an_absent_member_says_nothing() {
        let one = operation(&["success"]);
        let no = [
            "false",
            r#""false""#,
            r#""False""#,
            r#""True""#,
            r#""\u0074rue""#,
            r#""FALSE""#,
            r#""no""#,
            r#""maybe""#,
            r#""""#,
            r#"" true""#,
            r#""1""#,
            r#""\u0074rue ""#,
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
        ];
        for value in no {
            for body in [
                format!(r#"{{"success":{value}}}"#),
                format!(r#"{{"before":{{"success":true}},"success":{value},"after":1}}"#),
            ] {
                assert!(says_no(&one, &response(body.as_bytes())), "{body}");
            }
        }
        for value in ["true", r#""true""#] {
            let body = format!(r#"{{"message":"\ud83d","success":{value},"\ud83d":[1]}}"#);
            assert!(!says_no(&one, &response(body.as_bytes())), "{body}");
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
            assert!(!says_no(&one, &response(body.as_bytes())), "{body}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_invalid_text_hide_no_decision() {
        let one = operation(&["success"]);
        for body in [
            &b"\xef\xbb\xbf{\"success\":false}"[..],
            b"{\"name\":\"Jos\xe9\",\"success\":false}",
            b"{\"Jos\xe9\":1,\"success\":false}",
        ] {
            assert!(says_no(&one, &response(body)), "{body:?}");
        }
        #[cfg(feature = "charset")]
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let body = r#"{"success":false}"#.encode_utf16().flat_map(bytes);
            let body: Vec<u8> = body.collect();
            assert!(says_no(&one, &response(&body)), "{body:?}");
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
            assert_eq!(says_no(&two, &response(body.as_bytes())), no, "{body}");
        }
        assert!(!says_no(
            &operation(&[]),
            &response(br#"{"success":false}"#)
        ));
    }
}
