//! Documents in which one member has another form than the one that its schema describes.

use serde_json::{Map, Value, json};

use crate::support::documents::Document;
use crate::values::MARKER;

/// Stands in a document where a form is to be inserted.
const PLACE: &str = "@odd@";

/// Values as JSON text: other types, other forms of scalars, and what some servers send for nothing.
pub const FORMS: [&str; 44] = [
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "2",
    "30.0",
    "30.5",
    "3e1",
    "1e400",
    "-0",
    "12345678901234567890123",
    "2147483648",
    "1700000000",
    "1700000000000",
    r#""""#,
    r#"" ""#,
    r#""0""#,
    r#""1""#,
    r#""true""#,
    r#""false""#,
    r#""TRUE""#,
    r#""yes""#,
    r#""null""#,
    r#""30""#,
    r#"" 30 ""#,
    r#""30.0""#,
    r#""1001""#,
    r#""NaN""#,
    r#""2023-11-14T22:13:20""#,
    r#""2023-11-14""#,
    r#""Tue, 14 Nov 2023 22:13:20 GMT""#,
    r#""1700000000""#,
    "{}",
    "[]",
    "[null]",
    "[[]]",
    r#"{"a": 1}"#,
    r#"[{"a": "Zq7mark"}]"#,
    r#""half \ud83d of a pair""#,
    r#""\udc00""#,
    "\"a\tb\"",
    r#""Zq7mark <html>""#,
];

/// A member of a document, by the way that leads to it.
pub struct Place {
    pub pointer: String,
    /// The schema of the member.
    pub schema: Value,
}

/// A document with a value for every member, and all of its members.
pub fn full(document: &Document, schema: &Value) -> (Value, Vec<Place>) {
    let mut places = Vec::new();
    let value = value(document, schema, "", &mut places, 0);
    (value, places)
}

fn value(
    document: &Document,
    schema: &Value,
    pointer: &str,
    places: &mut Vec<Place>,
    depth: usize,
) -> Value {
    let described = match &schema["allOf"][0] {
        Value::Null => document.resolve(schema),
        reference => document.resolve(reference),
    };
    match described["type"].as_str() {
        // A schema may contain itself.
        Some("object") if depth < 5 => {
            let mut object = Map::new();
            let mut member = |name: &str, schema: &Value| {
                let pointer = format!("{pointer}/{name}");
                let inner = value(document, schema, &pointer, places, depth + 1);
                places.push(Place {
                    pointer,
                    schema: schema.clone(),
                });
                object.insert(name.to_owned(), inner);
            };
            for (name, schema) in described["properties"].as_object().into_iter().flatten() {
                member(name, schema);
            }
            match &described["additionalProperties"] {
                Value::Bool(true) => {
                    object.insert("undocumented".into(), json!({"a": [MARKER, 1.5, null]}));
                }
                Value::Object(schema) => member("any", &Value::Object(schema.clone())),
                _ => {}
            }
            Value::Object(object)
        }
        Some("array") => {
            let pointer = format!("{pointer}/0");
            let item = value(document, &described["items"], &pointer, places, depth + 1);
            places.push(Place {
                pointer,
                schema: described["items"].clone(),
            });
            json!([item])
        }
        Some("string") if described["format"] == "date-time" => json!("2023-11-14T22:13:20Z"),
        Some("string") if described["x-token"] == "jwt" => json!("e30.e30.c2ln"),
        Some("string") if described["format"] == "password" => json!(format!("{MARKER}-token")),
        Some("string") => json!(format!("a text with {MARKER}")),
        Some("integer") => json!(7),
        Some("boolean") => json!(described["x-safe"] != true),
        _ => json!({"a": MARKER}),
    }
}

/// The text of a document with a form at a place.
pub fn with_form(document: &Value, place: &Place, form: &str) -> String {
    let mut document = document.clone();
    *document.pointer_mut(&place.pointer).unwrap() = json!(PLACE);
    document.to_string().replace(&format!("\"{PLACE}\""), form)
}

/// The text of a document that has a member twice, first with this form.
pub fn doubled(document: &Value, place: &Place, form: &str) -> Option<String> {
    let (parent, name) = place.pointer.rsplit_once('/')?;
    document.pointer(parent)?.as_object()?;
    let own = document.pointer(&place.pointer)?.to_string();
    Some(with_form(
        document,
        place,
        &format!("{form},\"{name}\":{own}"),
    ))
}

/// The document without what a form at a place may take away; null if that is all of it.
pub fn without(document: &Value, place: &Place) -> Value {
    let mut document = document.clone();
    let mut pointer = place.pointer.as_str();
    // An array with an item that cannot be read is kept as it came.
    while let Some((parent, name)) = pointer.rsplit_once('/') {
        let is_member = document.pointer(parent).is_some_and(Value::is_object);
        if let (true, Some(object)) = (
            is_member,
            document.pointer_mut(parent).and_then(Value::as_object_mut),
        ) {
            object.remove(name);
            return document;
        }
        pointer = parent;
    }
    Value::Null
}
