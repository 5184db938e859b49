//! One attempt: what is really sent, made anew each time.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

use super::Road;
use super::options::CallOptions;
use super::request::{Request, encode_query};
use crate::error::Error;

/// A request with its URL, headers and body, ready to be authorised and signed.
pub(crate) struct Attempt {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    query: Vec<(String, String)>,
}

impl Attempt {
    pub(crate) fn new(
        road: &Road,
        request: &Request<'_>,
        options: &CallOptions,
    ) -> Result<Self, Error> {
        let mut headers = road.rules.standing_headers().clone();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &options.headers {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(language) = &options.accept_language {
            headers.insert(header::ACCEPT_LANGUAGE, language.clone());
        }
        if request.body.is_some() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        let query: Vec<_> = request
            .query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let mut attempt = Self {
            method: request.operation.method.clone(),
            url: road.base.of(request.operation, &request.path),
            headers,
            body: request.body.clone(),
            query,
        };
        attempt.write_query();
        Ok(attempt)
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

    /// Sets a header whose value must not be seen.
    pub(crate) fn set_secret_header(
        &mut self,
        name: header::HeaderName,
        value: &str,
    ) -> Result<(), Error> {
        set_secret_header(&mut self.headers, name, value)
    }
}

/// Sets a header whose value must not be seen, by anybody who prints headers.
pub(crate) fn set_secret_header(
    headers: &mut HeaderMap,
    name: header::HeaderName,
    value: &str,
) -> Result<(), Error> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| Error::invalid("token", "holds characters that no header can carry"))?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}
