//! JSON without a documented schema: kept as received, and hidden by `Debug`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{LazyLock, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::decode;

/// The undocumented members of an object, and the documented ones whose value cannot be read as
/// described.
///
/// It dereferences to a map. The members of a response are kept as JSON text, and are parsed when the
/// map is read for the first time: half of a surrogate pair becomes U+FFFD then, and a number that no
/// [`Value`] can hold, such as `1e999`, becomes a string. Any member may be a secret, so `Debug` shows
/// only their number.
#[derive(Clone, Default)]
pub struct JsonObject(Option<Box<Members>>);

#[derive(Clone, Default)]
struct Members {
    /// The members as they came, each after a comma.
    raw: String,
    /// The members of `raw`, once they have been read.
    parsed: OnceLock<Map<String, Value>>,
    /// What counts instead, if the caller made the map or may have changed it.
    own: Option<Map<String, Value>>,
}

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
            Ok(Value::Object(members)) => Some(Self::from(members)),
            _ => None,
        }
    }

    /// Whether a response has a member of this name more than once.
    #[cfg(feature = "fynd")]
    pub(crate) fn has_twice(&self, name: &str) -> bool {
        let members = self.0.as_ref().filter(|members| members.own.is_none());
        members.is_some_and(|members| {
            let text = members.text();
            let members = decode::Members::of(&text);
            members.is_some_and(|members| members.named(name).nth(1).is_some())
        })
    }

    /// Adds a member of a response as JSON text.
    pub(crate) fn keep(&mut self, name: &str, raw: &str) {
        let members = &mut self.0.get_or_insert_default().raw;
        members.push(',');
        if name
            .bytes()
            .all(|it| it.is_ascii_graphic() && it != b'"' && it != b'\\')
        {
            members.push('"');
            members.push_str(name);
            members.push('"');
        } else {
            members.push_str(&Value::from(name).to_string());
        }
        members.push(':');
        members.push_str(raw);
    }
}

impl Members {
    /// The members of a response as the text of an object.
    fn text(&self) -> String {
        format!("{{{}}}", self.raw.strip_prefix(',').unwrap_or_default())
    }

    fn map(&self) -> &Map<String, Value> {
        if let Some(own) = &self.own {
            return own;
        }
        self.parsed.get_or_init(|| {
            let text = self.text();
            if let Ok(members) = serde_json::from_str(&text) {
                return members;
            }
            let members = decode::Members::of(&text);
            let members = members.iter().flat_map(decode::Members::iter);
            members
                .map(|(name, raw)| {
                    let value = decode::read_any(raw);
                    (name.to_owned(), value.unwrap_or_else(|| raw.into()))
                })
                .collect()
        })
    }
}

impl fmt::Debug for JsonObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{} members}}", self.len())
    }
}

impl PartialEq for JsonObject {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for JsonObject {}

impl Serialize for JsonObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
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
        static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        self.0.as_ref().map_or(&EMPTY, |members| members.map())
    }
}

impl DerefMut for JsonObject {
    fn deref_mut(&mut self) -> &mut Self::Target {
        let members = self.0.get_or_insert_default();
        members.map();
        let parsed = &mut members.parsed;
        members
            .own
            .get_or_insert_with(|| parsed.take().unwrap_or_default())
    }
}

impl Deref for AnyJson {
    type Target = Value;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<Map<String, Value>> for JsonObject {
    fn from(map: Map<String, Value>) -> Self {
        if map.is_empty() {
            return Self(None);
        }
        Self(Some(Box::new(Members {
            own: Some(map),
            ..Members::default()
        })))
    }
}

impl From<JsonObject> for Map<String, Value> {
    fn from(mut value: JsonObject) -> Self {
        std::mem::take(&mut *value)
    }
}

impl From<Value> for AnyJson {
    fn from(value: Value) -> Self {
        Self(value)
    }
}
