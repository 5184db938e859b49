//! Generates JSON values that fit a schema of a document.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::support::documents::Document;

/// A marker in many texts and names, to search for where none may be shown.
pub const MARKER: &str = "Zq7mark";

/// The schemas of a document as strategies.
pub struct Values<'a> {
    document: &'a Document,
    /// The named schemas that were used.
    pub named: RefCell<BTreeSet<String>>,
    /// Whether the values are of responses, which hold tokens in their own alphabet.
    pub of_responses: Cell<bool>,
}

impl<'a> Values<'a> {
    pub fn new(document: &'a Document) -> Self {
        Self {
            document,
            named: RefCell::default(),
            of_responses: Cell::default(),
        }
    }

    pub fn of(&self, schema: &Value) -> BoxedStrategy<Value> {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            self.named.borrow_mut().insert(name.to_owned());
            return self.of(self.document.resolve(schema));
        }
        if let Some([reference]) = schema["allOf"].as_array().map(Vec::as_slice) {
            return self.of(reference);
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema),
            Some("array") => vec(self.of(&schema["items"]), 0..3)
                .prop_map(Value::from)
                .boxed(),
            Some("string") if self.of_responses.get() && is_checked(schema) => checked(schema),
            Some("string") => string(schema),
            Some("integer") => integer(schema),
            Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
            None => any_json(),
            Some(other) => panic!("{other} has no strategy yet"),
        }
    }

    fn object(&self, schema: &Value) -> BoxedStrategy<Value> {
        let none = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        let required = schema["required"].as_array();
        let names: Vec<String> = properties.keys().cloned().collect();
        let members: Vec<_> = properties
            .iter()
            .map(|(name, schema)| {
                let value = self.of(schema);
                let is_required = required.is_some_and(|all| all.contains(&json!(name)));
                let is = |flag: &str| self.of_responses.get() && schema[flag] == true;
                // Null is not a decision, unless the document allows it.
                let decides = is("x-decides") && schema["nullable"] != true;
                if is_required || decides || is("x-needed") {
                    value.prop_map(Some).boxed()
                } else {
                    prop_oneof![
                        4 => value.prop_map(Some),
                        1 => Just(Some(Value::Null)),
                        2 => Just(None),
                    ]
                    .boxed()
                }
            })
            .collect();
        let others = match &schema["additionalProperties"] {
            Value::Null | Value::Bool(false) => Just(Vec::new()).boxed(),
            Value::Bool(true) => vec((name(), any_json()), 0..3).boxed(),
            schema => vec((name(), self.of(schema)), 0..3).boxed(),
        };
        (members, others)
            .prop_map(move |(members, others)| {
                let known = names.iter().cloned().zip(members);
                let known = known.filter_map(|(name, value)| Some((name, value?)));
                let others = others.into_iter().filter(|(name, _)| !names.contains(name));
                known.chain(others).collect()
            })
            .boxed()
    }
}

fn is_checked(schema: &Value) -> bool {
    schema["format"] == "password"
        || ["x-token", "x-decides"]
            .iter()
            .any(|key| schema.get(key).is_some())
}

/// A token, or a text that decides.
fn checked(schema: &Value) -> BoxedStrategy<Value> {
    match schema["x-token"].as_str() {
        Some("jwt") => Just(json!("e30.eyJhIjoxfQ.c2ln")).boxed(),
        Some("bearer") => "[A-Za-z0-9._~+/-]{1,9}={0,2}".prop_map(Value::from).boxed(),
        _ => "[^\\pC\u{fffd}]{1,9}".prop_map(Value::from).boxed(),
    }
}

/// Documented values and others: all enums are open.
fn string(schema: &Value) -> BoxedStrategy<Value> {
    if let Some(values) = schema["enum"].as_array() {
        return prop_oneof![
            3 => select(values.clone()),
            1 => text().prop_map(Value::from),
        ]
        .boxed();
    }
    if schema["format"] == "date-time" {
        return time().prop_map(Value::from).boxed();
    }
    text().prop_map(Value::from).boxed()
}

fn integer(schema: &Value) -> BoxedStrategy<Value> {
    match schema["format"].as_str() {
        Some("int32") => prop_oneof![any::<i32>(), select(vec![0, i32::MIN, i32::MAX])]
            .prop_map(Value::from)
            .boxed(),
        _ => prop_oneof![any::<i64>(), select(vec![0, i64::MIN, i64::MAX])]
            .prop_map(Value::from)
            .boxed(),
    }
}

fn text() -> BoxedStrategy<String> {
    let characters = || vec(any::<char>(), 0..6);
    prop_oneof![
        2 => characters().prop_map(String::from_iter),
        3 => (characters(), characters()).prop_map(|(before, after)| {
            let (before, after) = (String::from_iter(before), String::from_iter(after));
            format!("{before}{MARKER}{after}")
        }),
        1 => select(vec!["", " ", "null", "{}", "0", "\0", "\"", "\\u0041", "\u{feff}"])
            .prop_map(str::to_owned),
    ]
    .boxed()
}

/// Undocumented member names, some of which are special in Rust or serde.
fn name() -> BoxedStrategy<String> {
    let awkward = vec![
        "",
        "extra",
        "type",
        "self",
        "body",
        "$ref",
        "__proto__",
        "Extra",
    ];
    prop_oneof![3 => text(), 1 => select(awkward).prop_map(str::to_owned)].boxed()
}

/// A time in any notation of RFC 3339.
fn time() -> BoxedStrategy<String> {
    let fraction = prop_oneof![
        Just(String::new()),
        vec(0..10_u8, 1..10).prop_map(|digits| {
            let digits: String = digits.iter().map(u8::to_string).collect();
            format!(".{digits}")
        }),
    ];
    let zone = prop_oneof![
        Just("Z".to_owned()),
        (select(vec!['+', '-']), 0..24_u8, 0..60_u8)
            .prop_map(|(sign, hours, minutes)| format!("{sign}{hours:02}:{minutes:02}")),
    ];
    let date = (1..9999_u16, 1..13_u8, 1..29_u8);
    let clock = (0..24_u8, 0..60_u8, 0..60_u8);
    (date, clock, fraction, zone)
        .prop_map(|((year, month, day), (hour, minute, second), fraction, zone)| {
            format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"
            )
        })
        .boxed()
}

/// A value where nothing is documented.
fn any_json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        3 => text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((text(), inner), 0..3).prop_map(|members| members.into_iter().collect()),
        ]
    })
    .boxed()
}
