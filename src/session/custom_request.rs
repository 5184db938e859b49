//! Custom requests: calls that the description does not have.

use std::borrow::Cow;
use std::fmt;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::pipeline::{
    CallContext, CallOptions, Idempotency, Need, Operation, QueryValue, Request, Response,
};

/// A custom request, authorized and retried like the described calls.
#[must_use = "nothing is sent before `send`"]
pub struct SessionRequest {
    context: CallContext,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Result<Vec<u8>, Error>>,
}

/// Shows the method only: path, query and body may hold secrets.
impl fmt::Debug for SessionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionRequest({})", self.method)
    }
}

impl SessionRequest {
    pub(super) fn new(context: CallContext, method: Method, path: String) -> Self {
        Self {
            context,
            method,
            path,
            query: Vec::new(),
            body: None,
        }
    }

    /// Adds a query parameter; name and value are encoded.
    pub fn query(mut self, name: impl Into<String>, value: impl QueryValue) -> Self {
        let name = name.into();
        value.each(&mut |value| self.query.push((name.clone(), value)));
        self
    }

    /// Sets the JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body)
            .map_err(|_| Error::invalid("body", "must be serialisable as JSON"));
        self.body = Some(body);
        self
    }

    /// Sets the options of this call.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.context = self.context.with_more_options(options);
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
        let system = self.context.system();
        check_path(&self.path).map_err(|error| error.at(system, "request"))?;
        let operation = Operation {
            id: "request",
            method: self.method.clone(),
            // Traces show this path; the real one may hold secrets.
            path: Cow::Borrowed("/{path}"),
            session: Need::Required,
            application: Need::Required,
            signature: Need::Never,
            signed_fields: &[],
            idempotency: if matches!(self.method, Method::GET | Method::HEAD) {
                Idempotency::Idempotent
            } else {
                Idempotency::NotIdempotent
            },
            sends_message: false,
            carries_code: false,
            bare_text: true,
            bare_member: None,
            misconfigured: &[],
        };
        let mut request = Request::new(&operation, self.path.as_str());
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        request.body = self.body.transpose()?.map(Into::into);
        self.context.call(request).await
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
