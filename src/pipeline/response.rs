//! A response, before and after decoding.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::operation::Operation;
use crate::decode::{self, BareString, Decoded, Schema};
use crate::error::{Error, ErrorKind};

/// The content types that an error message may show. Any other one is arbitrary server input.
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

/// The charsets that an error message may show.
const KNOWN_CHARSETS: [&str; 11] = [
    "gb2312",
    "gbk",
    "big5",
    "iso-8859-1",
    "iso-8859-15",
    "shift_jis",
    "us-ascii",
    "utf-16",
    "utf-16be",
    "utf-16le",
    "windows-1252",
];

/// The content codings that compress. Some servers label a plain body with another word.
const KNOWN_CODINGS: [&str; 7] = [
    "br",
    "compress",
    "deflate",
    "gzip",
    "x-compress",
    "x-gzip",
    "zstd",
];

/// A response whose body is not decoded yet. It has no `Debug`: the body may hold secrets.
pub(crate) struct RawResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl RawResponse {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            status,
            headers,
            body: decode::without_mark(body),
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    /// Decodes the body by its content, whatever the content type says: servers send JSON as text,
    /// and an empty body for an object without members. `unreadable` is called for each documented
    /// member that the response has in a form that cannot be read.
    pub(crate) fn decode<T: DeserializeOwned>(
        self,
        operation: &Operation,
        unreadable: impl Fn(&'static str),
    ) -> Result<Response<T>, Error> {
        let decoded = self.read(operation.response, operation.bare_string);
        let decoded = decoded.ok_or_else(|| self.invalid_response())?;
        decoded.unreadable.into_iter().for_each(unreadable);
        Ok(Response {
            value: decoded.value,
            status: self.status,
            headers: self.headers,
        })
    }

    /// Reads the body of an error in the form of a schema.
    pub(crate) fn read_error<T: DeserializeOwned>(&self, schema: &'static Schema) -> Option<T> {
        let decoded = self.read(schema, BareString::No)?;
        Some(decoded.value)
    }

    /// The text of the body, in which half of a surrogate pair is U+FFFD.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        decode::valid_text(&self.body, self.content_type())
    }

    fn read<T: DeserializeOwned>(
        &self,
        schema: &'static Schema,
        bare: BareString,
    ) -> Option<Decoded<T>> {
        decode::read(&self.body, self.content_type(), schema, bare)
    }

    fn content_type(&self) -> Option<&str> {
        self.headers.get(header::CONTENT_TYPE)?.to_str().ok()
    }

    /// Ignores the body unless it is a page, which comes from a proxy or gateway and not from the
    /// server.
    pub(crate) fn empty(self) -> Result<Response<()>, Error> {
        if self.is_page() {
            return Err(self.invalid_response());
        }
        Ok(Response {
            value: (),
            status: self.status,
            headers: self.headers,
        })
    }

    /// Whether the body is HTML or XML. Such a response comes from a proxy or gateway.
    pub(super) fn is_page(&self) -> bool {
        self.body.trim_ascii_start().starts_with(b"<")
    }

    /// Whether the body is still in a content coding, which the client did not ask for.
    pub(super) fn is_coded(&self) -> bool {
        !self.body.is_empty() && self.coding().is_some()
    }

    /// The content coding, if it is a known one. The HTTP client takes away those that it decodes.
    fn coding(&self) -> Option<&'static str> {
        let coding = self.headers.get(header::CONTENT_ENCODING)?.to_str().ok()?;
        // The last one was applied last.
        let mut codings = coding.rsplit(',').map(str::trim);
        codings.find_map(|coding| known(&KNOWN_CODINGS, coding))
    }

    pub(super) fn invalid_response(&self) -> Error {
        let message = format!("could not decode the response ({})", self.description());
        Error::new(ErrorKind::InvalidResponse, message)
            .with_status(self.status)
            .with_body(&self.body)
    }

    /// Length, content type, charset and content coding of the body: all that an error message may
    /// show of it.
    pub(crate) fn description(&self) -> String {
        let mut parts = self.content_type().unwrap_or_default().split(';');
        let kind = parts.next().unwrap_or_default().trim();
        let kind = known(&KNOWN_TYPES, kind).unwrap_or("unknown type");
        let mut description = format!("{} bytes of {kind}", self.body.len());
        let charset = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("charset").then_some(value)
        });
        match charset {
            None => {}
            Some(charset) if charset.eq_ignore_ascii_case("utf-8") => {}
            Some(charset) => {
                description += " in ";
                description += known(&KNOWN_CHARSETS, charset).unwrap_or("an unknown charset");
            }
        }
        if let Some(coding) = self.coding() {
            description += ", compressed by ";
            description += coding;
            description += " unasked";
        }
        description
    }
}

/// The name in the list that a server's text is, in any case of letters.
fn known(names: &[&'static str], text: &str) -> Option<&'static str> {
    let mut names = names.iter().copied();
    names.find(|name| name.eq_ignore_ascii_case(text))
}

/// A decoded response body with the status and the headers of the response.
///
/// It dereferences to the body.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
}

impl<T> Response<T> {
    /// Returns the body.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The HTTP status, always 2xx.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers as received. Their `Debug` shows only values that are never secret, such as those
    /// of `content-type` and `date`.
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
