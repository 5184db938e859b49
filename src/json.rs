//! JSON without a documented schema: kept as received, and hidden by `Debug`.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The undocumented members of an object.
///
/// Any of them may be a secret, so `Debug` shows only their number.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonObject(pub Map<String, Value>);

/// Any JSON value. `Debug` shows only its type and size.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnyJson(pub Value);

impl JsonObject {
    /// An empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serialises a value, if that gives an object.
    pub(crate) fn of(value: &impl Serialize) -> Option<Self> {
        match serde_json::to_value(value) {
            Ok(Value::Object(members)) => Some(Self(members)),
            _ => None,
        }
    }
}

impl fmt::Debug for JsonObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{} members}}", self.0.len())
    }
}

impl fmt::Debug for AnyJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(_) => f.write_str("[boolean]"),
            Value::Number(_) => f.write_str("[number]"),
            Value::String(text) => write!(f, "[string of {} bytes]", text.len()),
            Value::Array(items) => write!(f, "[{} items]", items.len()),
            Value::Object(members) => write!(f, "{{{} members}}", members.len()),
        }
    }
}

impl Deref for JsonObject {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for JsonObject {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Deref for AnyJson {
    type Target = Value;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<Map<String, Value>> for JsonObject {
    fn from(value: Map<String, Value>) -> Self {
        Self(value)
    }
}

impl From<Value> for AnyJson {
    fn from(value: Value) -> Self {
        Self(value)
    }
}
