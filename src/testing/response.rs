//! The responses of the mocks.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use wiremock::ResponseTemplate;

use super::variation::{self, Variation};
use crate::decode::Schema;

/// A response, or an error response that ends the handling of a request early.
pub(crate) type MockResult<T = MockResponse> = Result<T, MockResponse>;

/// The response of a mock.
#[derive(Clone, Debug)]
pub(crate) struct MockResponse {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Body,
    /// The type of the body, if it is not the usual one.
    content_type: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum Body {
    Empty,
    Json(Value),
    Text(String),
    /// JSON, with the parameters of its content type.
    Bytes(Vec<u8>, &'static str),
}

impl MockResponse {
    pub(crate) fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::new(status, Body::Json(body))
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::new(status, Body::Empty)
    }

    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, Body::Text(body.into()))
    }

    fn new(status: u16, body: Body) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
            content_type: None,
        }
    }

    /// Sets the type of the body.
    pub(crate) fn content_type(mut self, content_type: &'static str) -> Self {
        self.content_type = Some(content_type);
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn headers(
        mut self,
        headers: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        self.headers.extend(headers);
        self
    }

    /// The response in other forms; `schema` is that of a success.
    pub(crate) fn vary(mut self, variations: &[Variation], schema: &Schema) -> Self {
        let is_success = (200..300).contains(&self.status);
        let schema = is_success.then_some(schema);
        self.body = match self.body {
            Body::Json(body) => {
                let (body, charset) = variation::vary(variations, schema, body);
                Body::Bytes(body, charset)
            }
            body => body,
        };
        self
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The response as sent at `now`, the time of the mock; `None` for a server that does not tell
    /// its time.
    ///
    /// wiremock adds its own time to a response without `Date`, so such a server sends an empty one,
    /// which no client can read.
    pub(crate) fn into_template(
        self,
        now: Option<DateTime<Utc>>,
        delay: Duration,
    ) -> ResponseTemplate {
        let date = now.map(|now| now.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
        let mut template = ResponseTemplate::new(self.status)
            .set_delay(delay)
            .insert_header("date", date.unwrap_or_default());
        template = match (self.body, self.content_type) {
            (Body::Empty, None) => template,
            (Body::Empty, Some(content_type)) => template.set_body_raw("", content_type),
            (Body::Json(body), content_type) => {
                let content_type = content_type.unwrap_or("application/json");
                template.set_body_raw(body.to_string(), content_type)
            }
            (Body::Text(body), content_type) => {
                template.set_body_raw(body, content_type.unwrap_or("text/plain"))
            }
            (Body::Bytes(body, charset), content_type) => {
                let content_type = content_type.unwrap_or("application/json");
                template.set_body_raw(body, &format!("{content_type}{charset}"))
            }
        };
        for (name, value) in self.headers {
            template = template.append_header(name, value);
        }
        template
    }
}
