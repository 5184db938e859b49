//! Values with a marker in every secret, and the forms in which a marker could be shown.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Map, Value, json};

use crate::support::documents::Document;

/// The marker in every secret.
pub const MARKER: &str = "Zq7mark4Tpn8Wdx";

/// Members of error bodies that may quote a user's input.
const QUOTING_MEMBERS: [&str; 8] = [
    "userMessage",
    "message",
    "info",
    "error",
    "errors",
    "detail",
    "title",
    "instance",
];

/// The forms in which the marker could be shown, by name.
pub fn needles() -> Vec<(&'static str, String)> {
    let bytes = MARKER.as_bytes();
    let each = |write: &dyn Fn(&u8) -> String| bytes.iter().map(write).collect::<Vec<_>>();
    let mut needles = vec![
        ("plain", MARKER.to_owned()),
        ("lower case", MARKER.to_ascii_lowercase()),
        ("upper case", MARKER.to_ascii_uppercase()),
        ("hex", each(&|byte| format!("{byte:02x}")).concat()),
        ("upper hex", each(&|byte| format!("{byte:02X}")).concat()),
        ("percent", each(&|byte| format!("%{byte:02X}")).concat()),
        ("list of bytes", each(&|byte| byte.to_string()).join(", ")),
    ];
    // The bytes before the marker shift its base64 digits by zero, one or two bytes; digits that
    // share bits with neighbours are left out.
    for (name, shift) in [("base64", 0), ("base64 + 1", 1), ("base64 + 2", 2)] {
        for engine in [&STANDARD, &URL_SAFE] {
            let text = engine.encode([&vec![0; shift][..], bytes].concat());
            let first = (shift * 8).div_ceil(6);
            let whole = (shift + bytes.len()) * 8 / 6;
            needles.push((name, text[first..whole].to_owned()));
        }
    }
    needles
}

/// Values of a document's schemas with a marker in every secret.
pub struct MarkedValues<'a> {
    pub document: &'a Document,
    /// Whether to mark texts that may quote a user's input.
    pub quoting: bool,
}

impl MarkedValues<'_> {
    pub fn of(&self, schema: &Value) -> Value {
        let schema = self.document.resolve(schema);
        if let Some([only]) = schema["allOf"].as_array().map(Vec::as_slice) {
            return self.of(only);
        }
        let or_example = |value: Value| match &schema["example"] {
            Value::Null => value,
            example => example.clone(),
        };
        match schema["type"].as_str() {
            Some("object") => self.object(schema),
            Some("array") => json!([self.of(&schema["items"])]),
            Some("string") if schema["format"] == "password" => json!(MARKER),
            Some("string") => match &schema["enum"][0] {
                Value::Null => or_example(json!("text")),
                first => first.clone(),
            },
            Some("integer" | "number") => or_example(json!(1)),
            Some("boolean") => json!(true),
            _ => json!({"anything": MARKER}),
        }
    }

    fn object(&self, schema: &Value) -> Value {
        let mut members = Map::new();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let quotes = self.quoting && QUOTING_MEMBERS.contains(&name.as_str());
            let is_text = self.document.resolve(member)["type"] == "string";
            let value = if quotes && is_text {
                json!(format!("you sent {MARKER}"))
            } else {
                self.of(member)
            };
            members.insert(name.clone(), value);
        }
        if !schema["additionalProperties"].is_null() {
            members.insert("unknown".to_owned(), json!(MARKER));
        }
        Value::Object(members)
    }
}
