//! The members of an object: what the generated deserializers read one by one, and raw text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::JsonObject;

/// The name of a member, borrowed unless it contains escapes.
pub(crate) struct Name<'de>(Cow<'de, str>);

impl Name<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                self.visit_string(name.to_owned())
            }

            fn visit_string<E: Error>(self, name: String) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Reads the value of a member, and fails if the object has it twice.
pub(crate) fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    member: &mut Option<T>,
    name: &'static str,
    members: &mut A,
) -> Result<(), A::Error> {
    if member.is_some() {
        return Err(A::Error::duplicate_field(name));
    }
    *member = Some(members.next_value()?);
    Ok(())
}

/// Keeps the value of a member that the description does not name.
pub(crate) fn keep<'de, A: MapAccess<'de>>(
    extra: &mut JsonObject,
    name: &Name<'de>,
    members: &mut A,
) -> Result<(), A::Error> {
    let value: Raw<'de> = members.next_value()?;
    if is_too_deep(&value.0) {
        return Err(A::Error::custom("a member is nested too deep"));
    }
    let name = name.as_str();
    extra.keep(name.strip_prefix(UNREADABLE).unwrap_or(name), &value.0);
    Ok(())
}

/// Stands before the name of a member that the description names, in a repaired text, where its value
/// cannot be read as described.
pub(super) const UNREADABLE: &str = "\0unreadable:";

/// How deep a value may be nested; serde_json's own limit.
const MAX_DEPTH: usize = 127;

pub(super) fn is_too_deep(raw: &str) -> bool {
    // A value of this depth has two brackets for each level.
    if raw.len() <= 2 * MAX_DEPTH {
        return false;
    }
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut in_string = false;
    let mut is_escaped = false;
    for byte in raw.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest > MAX_DEPTH
}

/// A value as JSON text: a slice of the text that it is read from, if serde_json reads it.
struct Raw<'de>(Cow<'de, str>);

/// The name by which serde_json's `RawValue` asks for raw text. Other deserializers, such as those of
/// serde's `flatten`, do not know it, and give the value.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Raw<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                map.next_key::<IgnoredAny>()?;
                map.next_value().map(|text: Name<'de>| Raw(text.0))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                value: D,
            ) -> Result<Self::Value, D::Error> {
                let value = Value::deserialize(value)?;
                Ok(Raw(Cow::Owned(value.to_string())))
            }
        }
        deserializer.deserialize_newtype_struct(RAW_VALUE, Text)
    }
}

/// The members of an object as raw text, in their order, also those whose names are doubled.
pub(crate) struct Members<'a>(Vec<(Name<'a>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members of a text, if it is an object.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The values of the members of one name.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let members = self.iter();
        members.filter_map(move |(other, raw)| (other == name).then_some(raw))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        let members = self.0.iter();
        members.map(|(name, raw)| (name.as_str(), raw.get()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Vec<(Name<'de>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(member) = members.next_entry()? {
                    all.push(member);
                }
                Ok(all)
            }
        }
        deserializer.deserialize_map(All).map(Members)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn serde_json_gives_raw_text() {
        let raw: Raw<'_> = serde_json::from_str(r#" {"a": [1.50, "\ud83d"]} "#).unwrap();
        assert!(matches!(raw.0, Cow::Borrowed(r#"{"a": [1.50, "\ud83d"]}"#)));
    }

    #[test]
    fn other_deserializers_give_the_value() {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Buffered<'a> {
            #[serde(borrow)]
            Raw(Raw<'a>),
        }
        let Buffered::Raw(raw) = serde_json::from_str(r#"{"a": 1}"#).unwrap();
        assert_eq!(raw.0, r#"{"a":1}"#);
        let value = serde_json::json!({"a": 1});
        assert_eq!(Raw::deserialize(&value).unwrap().0, r#"{"a":1}"#);
    }

    #[test]
    fn depth_is_limited_as_everywhere() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for depth in [126, 127, 128, 10_000] {
            let strict = serde_json::from_str::<Value>(&nested(depth)).is_ok();
            assert_eq!(is_too_deep(&nested(depth)), !strict, "{depth}");
        }
        assert!(!is_too_deep(&format!("\"\\\"{}\"", "[".repeat(300))));
    }
}
