//! Reads the bodies of responses tolerantly: strictly first, so that a normal response costs nothing
//! more, and else once more after a repair by the schema of the description.
//!
//! 1. `text` decodes the bytes: byte order marks, charsets, invalid bytes.
//! 2. `Schema::admits` looks at the members that only exact values may fill: needed ones, tokens, and those
//!    that decide. Most responses have none.
//! 3. serde reads the value.
//! 4. Where 2 or 3 fails, `repair` rewrites the text by its `Schema`, and serde reads it again.

mod date;
mod member;
mod repair;
mod schema;
mod text;

use serde::de::DeserializeOwned;

pub(crate) use self::member::{Members, Name, keep, once};
pub(crate) use self::schema::{Member, Schema, Token, WhenUnreadable};
pub(crate) use self::text::{valid_text, without_mark};

/// A value, and the documented members that the response has in a form that cannot be read.
pub(crate) struct Decoded<T> {
    pub(crate) value: T,
    pub(crate) unreadable: Vec<&'static str>,
}

/// How a body may be a string without JSON's quotes.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "not every document has such a body")]
pub(crate) enum BareString {
    No,
    /// It is the value.
    Value,
    /// It is the value of this member.
    Member(&'static str),
}

/// Reads a body; `None` if it cannot be read. An empty body is an object without members, or null.
pub(crate) fn read<T: DeserializeOwned>(
    body: &[u8],
    content_type: Option<&str>,
    schema: &'static Schema,
    bare: BareString,
) -> Option<Decoded<T>> {
    let utf_8 = text::utf_8(body, content_type);
    let strict = utf_8.map(str::trim_ascii);
    if let Some(text) = strict.filter(|text| !text.is_empty() && schema.admits(text))
        && let Some(value) = strictly(text)
    {
        let unreadable = Vec::new();
        return Some(Decoded { value, unreadable });
    }
    // Bytes that are no text, such as a picture, are no string.
    let bare = if utf_8.is_some() {
        bare
    } else {
        BareString::No
    };
    let text = valid_text(body, content_type);
    let repaired = repair::repair(&text, schema, bare)?;
    let mut texts = repaired.texts.iter();
    Some(Decoded {
        value: texts.find_map(|text| strictly(text))?,
        unreadable: repaired.unreadable,
    })
}

/// Reads a text that may have invalid strings, without a schema.
pub(crate) fn read_any<T: DeserializeOwned>(text: &str) -> Option<T> {
    strictly(text).or_else(|| strictly(&text::repaired_strings(text)))
}

/// The only call of the deserializer, so that each type is compiled with one.
fn strictly<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// The text of a JSON string.
fn string(raw: &str) -> Option<String> {
    strictly(raw)
}
