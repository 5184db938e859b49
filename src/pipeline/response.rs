//! What came back, before and after decoding.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::operation::Operation;
use crate::error::{Error, ErrorKind};

/// The labels of bodies that an error names; any other could be anything.
const KNOWN_TYPES: [&str; 10] = [
    "application/json",
    "application/octet-stream",
    "application/problem+json",
    "application/xml",
    "image/png",
    "image/svg+xml",
    "text/html",
    "text/json",
    "text/plain",
    "text/xml",
];

/// An answer with its body, not yet decoded.
pub(crate) struct RawResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl RawResponse {
    /// Decodes by content, not by label: servers send JSON as text, and nothing where an object
    /// without members is meant.
    pub(crate) fn decode<T: DeserializeOwned>(
        self,
        operation: &Operation,
    ) -> Result<Response<T>, Error> {
        let body = self.body.trim_ascii();
        // To look at all bytes once is quicker than to look at each string.
        let decoded = match std::str::from_utf8(body) {
            Ok("") => read("{}").or_else(|| read("null")),
            Ok(text) => read(text),
            Err(_) => None,
        };
        let value = match decoded {
            Some(value) => value,
            None => self
                .bare_string(operation)
                .and_then(|text| read(&text))
                .ok_or_else(|| self.undecodable())?,
        };
        Ok(Response {
            value,
            status: self.status,
            headers: self.headers,
        })
    }

    /// Whatever the body says, but for a page: that comes from something in front of the server.
    pub(crate) fn empty(self) -> Result<Response<()>, Error> {
        if self.body.trim_ascii_start().starts_with(b"<") {
            return Err(self.undecodable());
        }
        Ok(Response {
            value: (),
            status: self.status,
            headers: self.headers,
        })
    }

    /// A string where an object may be meant, with JSON's quotes or without: the JSON that stands
    /// for it.
    fn bare_string(&self, operation: &Operation) -> Option<String> {
        let body = self.body.trim_ascii();
        let text = match serde_json::from_slice(body) {
            Ok(text) => text,
            Err(_) => {
                let text = std::str::from_utf8(body).ok()?;
                let is_word = !text.is_empty() && !text.starts_with(['{', '[', '<', '"']);
                is_word.then(|| text.to_owned())?
            }
        };
        let text = Value::String(text);
        let value = match operation.bare_member {
            Some(member) => json!({member: text}),
            None if operation.bare_text => text,
            None => return None,
        };
        Some(value.to_string())
    }

    fn undecodable(&self) -> Error {
        let message = format!("the answer was not understood ({})", self.description());
        Error::new(ErrorKind::Undecodable, message)
            .with_status(self.status)
            .with_body(&self.body)
    }

    /// Length and type of the body, which is all that may be shown of it.
    pub(crate) fn description(&self) -> String {
        let label = self.headers.get(header::CONTENT_TYPE);
        let kind = label
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let known = KNOWN_TYPES
            .iter()
            .find(|known| known.eq_ignore_ascii_case(kind));
        match known {
            Some(known) => format!("{} bytes of {known}", self.body.len()),
            None => format!("{} bytes of unknown type", self.body.len()),
        }
    }
}

/// The one place that reads an answer, so that each type is compiled with one reader.
fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// A decoded answer with its status and headers.
///
/// It reads like the value that it holds.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
}

impl<T> Response<T> {
    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The HTTP status, always 2xx.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers as they came. `Debug` shows the values of those alone that are never secret,
    /// such as `content-type` and `date`.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status.as_u16())
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}
