//! Custom requests: calls that the description does not have.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::context::CallContext;
use super::operation::{Idempotency, JSON, Need, Operation};
use super::options::CallOptions;
use super::request::{QueryValue, Request};
use super::response::Response;
use crate::decode::{BareString, Schema};
use crate::error::Error;

/// The path of custom requests in traces: the real one may hold secrets.
pub(super) const CUSTOM_PATH: &str = "/{path}";

/// A custom request, sent through the same pipeline as the described calls.
///
/// `client.request(..)` carries the credential of the application, `session.request(..)` also that of
/// the session. GET and HEAD are retried as idempotent, other methods are not unless
/// [`idempotent`](Self::idempotent) says so.
#[must_use = "nothing is sent before `send`"]
pub struct CustomRequest {
    context: CallContext,
    operation: &'static str,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    options: CallOptions,
    body: Option<Body>,
    /// The first argument that is not valid.
    invalid: Option<Error>,
}

struct Body {
    content_type: HeaderValue,
    bytes: Bytes,
}

/// Shows the method only: path, query, headers and body may hold secrets.
impl fmt::Debug for CustomRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomRequest({})", self.method)
    }
}

impl CustomRequest {
    pub(crate) fn new(context: CallContext, method: Method, path: String) -> Self {
        Self {
            context,
            operation: "request",
            method,
            path,
            query: Vec::new(),
            options: CallOptions::new(),
            body: None,
            invalid: None,
        }
    }

    /// Sets the name of the operation for errors, events and spans; `request` by default.
    pub fn operation(mut self, name: &'static str) -> Self {
        self.operation = name;
        self
    }

    /// Adds a query parameter; name and value are encoded.
    pub fn query(mut self, name: impl Into<String>, value: impl QueryValue) -> Self {
        let name = name.into();
        value.each(&mut |value| self.query.push((name.clone(), value)));
        self
    }

    /// Adds a header, as [`CallOptions::header`].
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        self.options = self.options.header(name, value);
        self
    }

    /// Sets a JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body("application/json", bytes),
            Err(_) => {
                let invalid = || Error::invalid("body", "must be serialisable as JSON");
                self.invalid.get_or_insert_with(invalid);
                self
            }
        }
    }

    /// Sets a body of form fields (`application/x-www-form-urlencoded`); names and values are
    /// encoded.
    pub fn form<N, V>(self, fields: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.body("application/x-www-form-urlencoded", form.finish())
    }

    /// Sets a body of bytes with its content type, such as `image/png`.
    pub fn body(mut self, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        match HeaderValue::from_str(content_type) {
            Ok(content_type) if !content_type.is_empty() => {
                let bytes = bytes.into();
                self.body = Some(Body {
                    content_type,
                    bytes,
                });
            }
            _ => {
                let right = "must be a media type such as `image/png`";
                let invalid = || Error::invalid("content_type", right);
                self.invalid.get_or_insert_with(invalid);
            }
        }
        self
    }

    /// Sets whether the request is idempotent, so that it may be retried after it may have reached
    /// the server; by default GET and HEAD are.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.options = self.options.idempotent(idempotent);
        self
    }

    /// Adds options; they win over those of the client or session.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options.over(&self.options);
        self
    }

    /// Sends the request and decodes the response. Use `()` or an `Option` where the body may be
    /// empty.
    ///
    /// # Errors
    ///
    /// See [`Error`]. A path that is not absolute, or that holds `?`, `#` or dot segments, is
    /// refused before anything is sent.
    pub async fn send<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        let context = self.context.with_options(self.options);
        let system = context.system();
        let checked = self.invalid.map_or_else(|| check_path(&self.path), Err);
        checked.map_err(|error| error.at(system, self.operation))?;
        let by_method = matches!(self.method, Method::GET | Method::HEAD);
        let operation = Operation {
            id: self.operation,
            method: self.method,
            path: Cow::Borrowed(CUSTOM_PATH),
            session: if context.has_session() {
                Need::Required
            } else {
                Need::Never
            },
            application: Need::Required,
            signature: Need::Never,
            signed_fields: &[],
            idempotency: if context.is_idempotent().unwrap_or(by_method) {
                Idempotency::Idempotent
            } else {
                Idempotency::NotIdempotent
            },
            sends_message: false,
            carries_code: false,
            response: &Schema::Any,
            bare_string: BareString::Value,
            success_members: &[],
            accept: HeaderValue::from_static(JSON),
            misconfigured: context.pipeline().rules.misconfigured(),
            session_ends: context.pipeline().rules.session_ends(),
        };
        let mut request = Request::new(&operation, self.path.as_str());
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        if let Some(body) = &self.body {
            request.body = Some(body.bytes.clone());
            request.content_type = Some(&body.content_type);
        }
        context.call(request).await
    }
}

fn check_path(path: &str) -> Result<(), Error> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let climbs = decoded
        .split(['/', '\\'])
        .any(|segment| matches!(segment, "." | ".."));
    // URL parsers drop tabs and line breaks, which could hide dot segments.
    let is_blank = |letter: char| letter.is_control() || letter.is_whitespace();
    let is_relative = !path.starts_with('/') || path.starts_with("//");
    if is_relative || climbs || path.contains(['?', '#', '\\']) || path.contains(is_blank) {
        return Err(Error::invalid(
            "path",
            "must start with one `/` and hold no space, `?`, `#`, `\\`, `.` or `..`; pass the query by `query`",
        ));
    }
    Ok(())
}
