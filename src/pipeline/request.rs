//! The request of a generated call, relative to the base URL, before it is authorized and signed.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::operation::Operation;
use crate::error::Error;
use crate::secret::Secret;

/// Encodes everything but RFC 3986's unreserved characters.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The operation of a call with its arguments.
pub(crate) struct Request<'a> {
    pub(crate) operation: &'a Operation,
    /// Percent-encoded, relative to the base URL (which includes the client's settings).
    pub(crate) path: Cow<'a, str>,
    /// Name and value of each query parameter, not encoded.
    pub(crate) query: Vec<(&'a str, String)>,
    pub(crate) body: Option<Bytes>,
    /// The type of the body, if it is not JSON.
    pub(crate) content_type: Option<&'a HeaderValue>,
    /// The first invalid argument; such a request is not sent.
    pub(crate) invalid: Option<Error>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(operation: &'a Operation, path: impl Into<Cow<'a, str>>) -> Self {
        Self {
            operation,
            path: path.into(),
            query: Vec::new(),
            body: None,
            content_type: None,
            invalid: None,
        }
    }

    pub(crate) fn query(mut self, name: &'a str, value: &impl QueryValue) -> Self {
        value.each(&mut |value| self.query.push((name, value)));
        self
    }

    /// Adds an integer with documented bounds.
    pub(crate) fn query_within<V: QueryValue + Copy + Into<i64>>(
        mut self,
        name: &'static str,
        value: &Option<V>,
        lowest: i64,
        highest: i64,
    ) -> Self {
        if value.is_some_and(|value| !(lowest..=highest).contains(&value.into())) {
            let right = match (lowest, highest) {
                (lowest, i64::MAX) => format!("must be at least {lowest}"),
                (i64::MIN, highest) => format!("must be at most {highest}"),
                (lowest, highest) => format!("must be from {lowest} to {highest}"),
            };
            self.invalid
                .get_or_insert_with(|| Error::invalid(name, &right));
        }
        self.query(name, value)
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = Some(Bytes::from(bytes)),
            Err(_) => {
                let invalid = || Error::invalid("body", "must be serialisable as JSON");
                self.invalid.get_or_insert_with(invalid);
            }
        }
        self
    }

    /// Adds a body, if there is one.
    #[allow(dead_code, reason = "not every document has an optional body")]
    pub(crate) fn optional_json(self, body: &Option<impl Serialize>) -> Self {
        match body {
            Some(body) => self.json(body),
            None => self,
        }
    }
}

impl Request<'_> {
    /// The value that the bootstrap signature covers: the first of the operation's signed fields
    /// that the request has in its body or its path.
    pub(crate) fn signed_value(&self) -> Option<String> {
        let body: Option<serde_json::Value> = self
            .body
            .as_ref()
            .and_then(|body| serde_json::from_slice(body).ok());
        self.operation.signed_fields.iter().find_map(|field| {
            let in_body = body.as_ref().and_then(|body| body.get(field)?.as_str());
            in_body
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
                .or_else(|| self.path_value(field))
        })
    }

    /// The decoded value of a path parameter. Segments are counted from the end because the
    /// documented path starts with settings of the client, which the request's path lacks.
    fn path_value(&self, name: &str) -> Option<String> {
        let braced = format!("{{{name}}}");
        let from_end = self
            .operation
            .path
            .rsplit('/')
            .position(|segment| segment == braced)?;
        let segment = self.path.rsplit('/').nth(from_end)?;
        let value = percent_encoding::percent_decode_str(segment)
            .decode_utf8()
            .ok()?;
        Some(value.into_owned())
    }
}

/// Percent-encodes a query, sorted by name, with a space as `%20`.
pub(crate) fn encode_query(query: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = query.iter().collect();
    pairs.sort();
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(utf8_percent_encode(name, STRICT));
        text.push('=');
        text.extend(utf8_percent_encode(value, STRICT));
    }
    text
}

/// Encodes a value as one segment of a path.
///
/// Refuses an empty value, `.` and `..`, which would select another endpoint.
pub(crate) fn segment(name: &'static str, value: &impl Segment) -> Result<String, Error> {
    let text = value.text();
    if matches!(&*text, "" | "." | "..") {
        return Err(Error::invalid(
            name,
            "must not be empty, `.` or `..`: it is part of the path",
        ));
    }
    Ok(utf8_percent_encode(&text, STRICT).to_string())
}

/// A value of a path parameter.
pub(crate) trait Segment {
    fn text(&self) -> Cow<'_, str>;
}

impl Segment for String {
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl Segment for Secret {
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.expose())
    }
}

/// A value of a query parameter. The trait is sealed.
pub trait QueryValue: sealed::Sealed {
    /// Calls `add` with each value, not yet encoded.
    fn each(&self, add: &mut dyn FnMut(String));
}

mod sealed {
    pub trait Sealed {}

    impl<T: super::QueryValue> Sealed for Option<T> {}
}

impl<T: QueryValue> QueryValue for Option<T> {
    fn each(&self, add: &mut dyn FnMut(String)) {
        if let Some(value) = self {
            value.each(add);
        }
    }
}

macro_rules! displayed {
    ($($kind:ty),*) => {
        $(impl sealed::Sealed for $kind {}

        impl QueryValue for $kind {
            fn each(&self, add: &mut dyn FnMut(String)) {
                add(self.to_string());
            }
        })*
    };
}

displayed!(String, str, &str, bool, i32, i64, u32, u64, f64);
