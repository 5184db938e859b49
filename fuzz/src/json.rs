//! Builds JSON from bytes, because byte-wise mutation of JSON breaks nearly all of it.

use serde_json::{Map, Value, json};

/// Member names of the systems' error bodies.
const MEMBERS: [&str; 20] = [
    "errorCode",
    "userMessage",
    "developerMessage",
    "traceId",
    "error",
    "error_description",
    "type",
    "title",
    "status",
    "detail",
    "instance",
    "errors",
    "code",
    "message",
    "request_id",
    "authenticated",
    "meta",
    "exception",
    "info",
    "stack_trace",
];

/// An object with a member for each line: its first byte selects the name, the second the kind of
/// value, and the rest is its text.
pub fn object(data: &[u8]) -> Vec<u8> {
    let mut members = Map::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Some(([name, kind], text)) = line.split_first_chunk() else {
            continue;
        };
        let text = String::from_utf8_lossy(text).into_owned();
        let value = match kind % 8 {
            0 => Value::Null,
            1 => json!(text.len().is_multiple_of(2)),
            2 => serde_json::from_str(&text).unwrap_or(Value::Null),
            3 => json!({"email": [text]}),
            4 => json!({"pin": text}),
            5 => json!([text]),
            _ => json!(text),
        };
        let name = MEMBERS[usize::from(*name) % MEMBERS.len()];
        members.insert(name.to_owned(), value);
    }
    Value::Object(members).to_string().into_bytes()
}
