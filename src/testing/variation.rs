//! Other legal forms of the responses of a mock: the same content, as other servers write it.

use chrono::DateTime;
use serde_json::{Map, Value, json};

use crate::decode::Schema;

/// One way in which the responses of a mock differ from its description; see the `vary` of a mock.
///
/// A client that reads what a server means handles each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Variation {
    /// Numbers and booleans are text, such as `"30"` and `"false"`.
    ScalarsAsText,
    /// Texts of digits are numbers, and whole numbers have a fraction, such as `30.0`. Tokens and ids
    /// that go back to the server remain text.
    ScalarsAsNumbers,
    /// Every object has members that the description does not name, some of them with half of a
    /// surrogate pair.
    UnknownMembers,
    /// Documented members that a response does not have are null, but for those that decide and may
    /// not be null.
    Nulls,
    /// Documented members that a response does not have are empty texts, objects or arrays, and an
    /// array with one item is that item.
    EmptyValues,
    /// Dates are seconds since the Unix epoch.
    EpochDates,
    /// Dates have no time zone, which means UTC.
    DatesWithoutZone,
    /// Dates are in the form of HTTP.
    HttpDates,
    /// A byte order mark precedes the JSON.
    ByteOrderMark,
    /// The text is encoded in ISO-8859-1 where it has no other characters.
    Latin1,
}

impl Variation {
    /// All variations.
    pub const ALL: [Self; 10] = [
        Self::ScalarsAsText,
        Self::ScalarsAsNumbers,
        Self::UnknownMembers,
        Self::Nulls,
        Self::EmptyValues,
        Self::EpochDates,
        Self::DatesWithoutZone,
        Self::HttpDates,
        Self::ByteOrderMark,
        Self::Latin1,
    ];

    /// The value in another form. `schema` describes it.
    fn value(self, schema: &Schema, value: Value) -> Value {
        match (schema, value) {
            (Schema::Object(described), Value::Object(members)) => {
                let mut varied = Map::new();
                for (name, value) in members {
                    let member = described.iter().find(|member| member.name == name);
                    let schema = member.map_or(&Schema::Any, |member| member.schema);
                    varied.insert(name, self.value(schema, value));
                }
                for member in *described {
                    let absent = match self {
                        Self::Nulls => Value::Null,
                        Self::EmptyValues => empty(member.schema),
                        _ => continue,
                    };
                    // Only what says nothing may stand for a member that decides.
                    let says_nothing = match member.decides {
                        None => true,
                        Some(_) => self == Self::Nulls && member.is_nullable,
                    };
                    if says_nothing && !varied.contains_key(member.name) {
                        varied.insert(member.name.to_owned(), absent);
                    }
                }
                self.add_unknown(&mut varied);
                Value::Object(varied)
            }
            (Schema::Map(schema), Value::Object(members)) => members
                .into_iter()
                .map(|(name, value)| (name, self.value(schema, value)))
                .collect(),
            (Schema::Array(schema), Value::Array(mut items)) => {
                if self == Self::EmptyValues && items.len() == 1 {
                    return self.value(schema, items.remove(0));
                }
                let items = items.into_iter();
                items.map(|item| self.value(schema, item)).collect()
            }
            (Schema::Time, Value::String(text)) => self.date(&text).unwrap_or(Value::String(text)),
            (Schema::Integer { .. } | Schema::Number | Schema::Boolean, value) => {
                match (self, &value) {
                    (Self::ScalarsAsText, Value::Number(_) | Value::Bool(_)) => {
                        Value::String(value.to_string())
                    }
                    (Self::ScalarsAsNumbers, Value::Number(number)) => {
                        number.as_f64().map_or(value, Value::from)
                    }
                    _ => value,
                }
            }
            (Schema::Text, Value::String(text)) if self == Self::ScalarsAsNumbers => {
                let number = text.parse::<u64>().ok();
                let number = number.filter(|number| number.to_string() == text);
                number.map_or(Value::String(text), Value::from)
            }
            (_, value) => value,
        }
    }

    /// The value of an error in another form. No table describes errors, so every member is a scalar
    /// that may be text or a number.
    fn error(self, value: Value) -> Value {
        match value {
            Value::Object(members) => {
                let varied = members.into_iter();
                let mut varied = varied
                    .map(|(name, value)| (name, self.error(value)))
                    .collect();
                self.add_unknown(&mut varied);
                Value::Object(varied)
            }
            Value::Number(_) | Value::Bool(_) => self.value(&Schema::Boolean, value),
            Value::String(_) => self.value(&Schema::Text, value),
            other => other,
        }
    }

    fn add_unknown(self, members: &mut Map<String, Value>) {
        if self == Self::UnknownMembers {
            members.insert("0_new".into(), json!({"a": [1, null, {}], "b": "c"}));
            members.insert("zz_new".into(), Value::from(HALF));
        }
    }

    fn date(self, text: &str) -> Option<Value> {
        let date = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
        match self {
            Self::EpochDates => Some(date.timestamp().into()),
            Self::DatesWithoutZone => Some(date.format("%Y-%m-%dT%H:%M:%S%.f").to_string().into()),
            Self::HttpDates => Some(date.format("%a, %d %b %Y %H:%M:%S GMT").to_string().into()),
            _ => None,
        }
    }
}

/// Becomes half of a surrogate pair in the text of a response.
const HALF: &str = "half of a pair";

fn empty(schema: &Schema) -> Value {
    match schema {
        Schema::Array(_) => json!({}),
        Schema::Map(_) | Schema::Object(_) => json!([]),
        _ => json!(""),
    }
}

/// The bytes of a JSON body with all of the variations, and the parameters of its content type. An
/// error has no schema.
pub(crate) fn vary(
    variations: &[Variation],
    schema: Option<&Schema>,
    body: Value,
) -> (Vec<u8>, &'static str) {
    let mut varied = body;
    for variation in variations {
        varied = match schema {
            Some(schema) => variation.value(schema, varied),
            None => variation.error(varied),
        };
    }
    let text = varied.to_string();
    let text = text.replace(&format!("\"{HALF}\""), "\"half \\ud83d\"");
    let has = |variation| variations.contains(&variation);
    if has(Variation::Latin1) {
        let bytes: Option<Vec<u8>> = text.chars().map(|it| u8::try_from(it).ok()).collect();
        if let Some(bytes) = bytes.filter(|_| !text.is_ascii()) {
            return (bytes, "; charset=ISO-8859-1");
        }
    }
    let mark = if has(Variation::ByteOrderMark) {
        "\u{feff}"
    } else {
        ""
    };
    (format!("{mark}{text}").into_bytes(), "")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::decode::{Member, WhenUnreadable};

    const fn member(
        name: &'static str,
        schema: &'static Schema,
        decides: Option<WhenUnreadable>,
    ) -> Member {
        Member {
            name,
            schema,
            is_needed: false,
            is_nullable: false,
            decides,
        }
    }

    const EXISTS: Member = Member {
        is_nullable: true,
        ..member("exists", &Schema::Boolean, Some(WhenUnreadable::False))
    };

    static SCHEMA: Schema = Schema::Object(&[
        member("wait", &Schema::Integer { bits: 32 }, None),
        member("phone", &Schema::Text, None),
        member("at", &Schema::Time, None),
        member("list", &Schema::Array(&Schema::Text), None),
        member("absent", &Schema::Map(&Schema::Any), None),
        member("mfa", &Schema::Boolean, Some(WhenUnreadable::True)),
        member("valid", &Schema::Boolean, Some(WhenUnreadable::False)),
        EXISTS,
    ]);

    #[test]
    fn each_variation_changes_the_form_of_a_body() {
        let body = json!({
            "wait": 30, "phone": "43123", "at": "2023-11-14T22:13:20Z", "list": ["é"], "mfa": false,
        });
        for (variation, change) in [
            (
                Variation::ScalarsAsText,
                r#""mfa":"false","phone":"43123","wait":"30""#,
            ),
            (
                Variation::ScalarsAsNumbers,
                r#""mfa":false,"phone":43123,"wait":30.0"#,
            ),
            (Variation::UnknownMembers, r#""zz_new":"half \ud83d""#),
            (
                Variation::Nulls,
                r#""absent":null,"at":"2023-11-14T22:13:20Z","exists":null"#,
            ),
            (
                Variation::EmptyValues,
                r#""absent":[],"at":"2023-11-14T22:13:20Z","list":"é""#,
            ),
            (Variation::EpochDates, r#""at":1700000000"#),
            (Variation::DatesWithoutZone, r#""at":"2023-11-14T22:13:20""#),
            (
                Variation::HttpDates,
                r#""at":"Tue, 14 Nov 2023 22:13:20 GMT""#,
            ),
            (Variation::ByteOrderMark, "\u{feff}{"),
        ] {
            let (bytes, charset) = vary(&[variation], Some(&SCHEMA), body.clone());
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(change), "{variation:?}: {text}");
            assert!(!text.contains("valid"), "{variation:?}: {text}");
            let is_null = variation == Variation::Nulls;
            assert_eq!(text.contains("exists"), is_null, "{variation:?}: {text}");
            assert_eq!(charset, "");
        }
        let error = json!({"code": "7", "status": 400, "errors": {"pin": "no"}});
        let (bytes, _) = vary(&[Variation::ScalarsAsText], None, error.clone());
        assert!(
            String::from_utf8(bytes)
                .unwrap()
                .contains(r#""status":"400""#)
        );
        let (bytes, _) = vary(&[Variation::ScalarsAsNumbers], None, error);
        assert!(String::from_utf8(bytes).unwrap().contains(r#""code":7"#));
        let (bytes, charset) = vary(&[Variation::Latin1], Some(&SCHEMA), body);
        assert!(bytes.contains(&0xE9) && charset == "; charset=ISO-8859-1");
    }
}
