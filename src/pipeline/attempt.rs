//! One attempt of a call: the HTTP request as it is sent.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

use super::base_url::BaseUrl;
use super::options::CallOptions;
use super::request::{Request, encode_query};
use crate::error::Error;
use crate::secret::Secret;

/// A request with its URL, headers and body, built for each attempt, then authorized and signed.
pub(crate) struct Attempt {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    /// When it was built, by the local clock.
    pub(crate) made_at: DateTime<Utc>,
    query: Vec<(String, String)>,
}

impl Attempt {
    pub(crate) fn new(
        base: &BaseUrl,
        default_headers: &HeaderMap,
        request: &Request<'_>,
        options: Option<&CallOptions>,
        made_at: DateTime<Utc>,
    ) -> Self {
        let mut headers = default_headers.clone();
        headers.insert(header::ACCEPT, request.operation.accept.clone());
        if let Some(options) = options {
            for (name, value) in &options.headers {
                headers.insert(name.clone(), value.clone());
            }
        }
        if request.body.is_some() {
            let json = || HeaderValue::from_static("application/json");
            let content_type = request.content_type.cloned().unwrap_or_else(json);
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        let query: Vec<_> = request
            .query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let mut attempt = Self {
            method: request.operation.method.clone(),
            url: base.of(request.operation, &request.path),
            headers,
            body: request.body.clone(),
            made_at,
            query,
        };
        attempt.write_query();
        attempt
    }

    /// Adds a parameter to the query.
    pub(crate) fn add_query(&mut self, name: &str, value: String) {
        self.query.push((name.to_owned(), value));
        self.write_query();
    }

    fn write_query(&mut self) {
        if self.query.is_empty() {
            return;
        }
        self.url.set_query(Some(&encode_query(&self.query)));
    }

    /// Sets the bearer token of a session.
    pub(crate) fn set_bearer(&mut self, token: &Secret) -> Result<(), Error> {
        const SCHEME: &[u8] = b"Bearer ";
        let token = token.expose_bytes();
        let mut value = Vec::with_capacity(SCHEME.len() + token.len());
        value.extend_from_slice(SCHEME);
        value.extend_from_slice(token);
        self.set_secret_header(header::AUTHORIZATION, value)
    }

    /// Sets a header and marks its value as sensitive, so that `Debug` of the headers hides it.
    pub(crate) fn set_secret_header(
        &mut self,
        name: header::HeaderName,
        value: impl Into<Bytes>,
    ) -> Result<(), Error> {
        let value = HeaderValue::from_maybe_shared(value.into());
        let mut value = value.map_err(|_| {
            Error::invalid(
                "token",
                "must not contain characters that are invalid in a header",
            )
        })?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }
}
