//! A request to a mock, matched to an operation of the OpenAPI document.

use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use crate::pipeline::Operation;

/// A request that calls an operation.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static Operation,
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    path_values: Vec<(&'static str, String)>,
}

impl<'a> Call<'a> {
    /// Matches a request to one of `operations`, by method and path.
    pub(crate) fn matching(
        operations: &[&'static Operation],
        request: &'a wiremock::Request,
    ) -> Option<Self> {
        operations.iter().find_map(|operation| {
            if operation.method != request.method {
                return None;
            }
            let path_values = path_values(&operation.path, request.url.path())?;
            Some(Self {
                operation,
                url: &request.url,
                headers: &request.headers,
                body: &request.body,
                path_values,
            })
        })
    }

    /// A path parameter, decoded.
    pub(crate) fn path_value(&self, name: &str) -> &str {
        let value = self.path_values.iter().find(|(known, _)| *known == name);
        value.map_or("", |(_, value)| value)
    }

    /// A query parameter, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let mut pairs = self.url.query_pairs();
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The bearer token.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header(header::AUTHORIZATION.as_str())?
            .strip_prefix("Bearer ")
    }

    /// The JSON body; null if it is missing or invalid.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or(Value::Null)
    }
}

/// The path parameters of `path`, if it matches `template`.
pub(super) fn path_values(
    template: &'static str,
    path: &str,
) -> Option<Vec<(&'static str, String)>> {
    let mut values = Vec::new();
    let mut segments = path.split('/');
    for expected in template.split('/') {
        let segment = segments.next()?;
        match expected
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(_) if segment.is_empty() => return None,
            Some(name) => {
                let value = percent_decode_str(segment).decode_utf8().ok()?;
                values.push((name, value.into_owned()));
            }
            None if expected == segment => {}
            None => return None,
        }
    }
    segments.next().is_none().then_some(values)
}
