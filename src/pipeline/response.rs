//! A response, before and after decoding.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::operation::Operation;
use crate::decode::{self, BareString, Decoded, Shape};
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
    pub(crate) fn read_error<T: DeserializeOwned>(&self, shape: &'static Shape) -> Option<T> {
        let decoded = self.read(shape, BareString::No)?;
        Some(decoded.value)
    }

    /// The text of the body, in which half of a surrogate pair is U+FFFD.
    pub(super) fn text(&self) -> Cow<'_, str> {
        decode::valid_text(&self.body, self.content_type())
    }

    fn read<T: DeserializeOwned>(
        &self,
        shape: &'static Shape,
        bare: BareString,
    ) -> Option<Decoded<T>> {
        decode::read(&self.body, self.content_type(), shape, bare)
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

    fn invalid_response(&self) -> Error {
        let message = format!("could not decode the response ({})", self.description());
        Error::new(ErrorKind::InvalidResponse, message)
            .with_status(self.status)
            .with_body(&self.body)
    }

    /// Length and content type of the body: all that an error message may show of it.
    pub(crate) fn description(&self) -> String {
        let kind = self.content_type().unwrap_or_default();
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
