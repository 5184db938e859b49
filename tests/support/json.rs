//! Normalises JSON values for comparison.

use serde_json::{Value, json};

/// The same JSON with one notation of times and without null members.
pub fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), canonical(value)))
            .collect(),
        Value::Array(items) => items.iter().map(canonical).collect(),
        Value::String(text) => match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(time) => json!({"time": [time.timestamp(), time.timestamp_subsec_nanos()]}),
            Err(_) => value.clone(),
        },
        other => other.clone(),
    }
}

/// Every string value in it.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
