//! Secret strings: tokens, codes, pins, passwords, keys, cookies.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;

use crate::store::Record;

/// A secret string: redacted in `Debug`, wiped from memory when dropped, compared in constant time.
///
/// It has no `Display`. Only [`expose`](Self::expose) reads it, so a search for that name finds every
/// use of a plain secret. It serialises as the plain string, because requests contain it; do not
/// serialise a value with secrets into a log.
///
/// ```
/// let code = vestibule::Secret::from("4711");
/// assert_eq!(format!("{code:?}"), "[redacted]");
/// assert_eq!(code.expose(), "4711");
/// ```
#[derive(Clone)]
pub struct Secret(Text);

#[derive(Clone)]
enum Text {
    Owned(SecretString),
    /// Text in a record that a store in memory holds in any case.
    InRecord {
        record: Record,
        start: u32,
        length: u32,
    },
}

impl Secret {
    /// The plain string.
    pub fn expose(&self) -> &str {
        match &self.0 {
            Text::Owned(text) => text.expose_secret(),
            // `share` has found the whole text there.
            Text::InRecord { .. } => std::str::from_utf8(self.expose_bytes()).unwrap_or_default(),
        }
    }

    /// The plain string as bytes, which are not checked to be UTF-8 again.
    pub(crate) fn expose_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Owned(text) => text.expose_secret().as_bytes(),
            Text::InRecord {
                record,
                start,
                length,
            } => {
                let (start, length) = (*start as usize, *length as usize);
                let bytes = record.expose().get(start..start + length);
                bytes.unwrap_or_default()
            }
        }
    }

    /// Keeps the text in `record`, if that has it, instead of a copy.
    pub(crate) fn share(&mut self, record: &Record) {
        let text = self.expose_bytes();
        let start = memchr::memmem::find(record.expose(), text);
        let start = start.and_then(|start| u32::try_from(start).ok());
        if let (Some(start), Ok(length)) = (start, u32::try_from(text.len())) {
            let record = record.clone();
            self.0 = Text::InRecord {
                record,
                start,
                length,
            };
        }
    }

    /// Whether the secret is the empty string.
    pub fn is_empty(&self) -> bool {
        self.expose_bytes().is_empty()
    }
}

impl Secret {
    /// Whether it has a space at either end, or a line break or another control character: then it
    /// was copied or read from a file together with what stands around it.
    pub(crate) fn has_stray_space(&self) -> bool {
        let text = self.expose();
        text.trim() != text || text.contains(char::is_control)
    }
}

/// What is right where [`Secret::has_stray_space`] is wrong.
pub(crate) const NO_STRAY_SPACE: &str = "must not have a line break, or a space at either end";

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose_bytes().ct_eq(other.expose_bytes()).into()
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(Text::Owned(value.into()))
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(Text::Owned(value.into()))
    }
}

impl From<&Secret> for Secret {
    fn from(value: &Secret) -> Self {
        value.clone()
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error of another type would show the value.
        let text = String::deserialize(deserializer);
        text.map(Self::from)
            .map_err(|_| D::Error::custom("a secret must be text"))
    }
}
