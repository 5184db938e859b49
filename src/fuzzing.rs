//! Access to private modules for the fuzz targets in `fuzz/`. Only compiled for them.

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;
use url::Url;

use crate::error::Error;
use crate::pipeline::{
    Attempt, CredentialGeneration, Operation, Pipeline, RawResponse, Request, judge, retry_after,
};
use crate::session::CookieJar;
use crate::{fynd, generated, goodcity, walletcrew, wunder};

/// The pipeline and the operations of one API.
#[derive(Debug)]
pub struct Api {
    pipeline: Arc<Pipeline>,
    operations: &'static [&'static Operation],
}

impl Api {
    /// The APIs of all OpenAPI documents.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn all() -> Result<[Self; 5], Error> {
        let base_url = "https://api.example.com";
        let wunder = wunder::Client::builder(base_url)
            .tenant("tenant")
            .build()?
            .calls
            .pipeline()
            .clone();
        let walletcrew = walletcrew::Client::builder(base_url)
            .tenant("tenant")
            .build()?
            .calls
            .pipeline()
            .clone();
        let goodcity = goodcity::Client::builder(base_url)
            .app_name("app")
            .build()?
            .calls
            .pipeline()
            .clone();
        let fynd = fynd::Client::builder("000000000000000000000001")
            .application_token("token")
            .base_url(base_url)
            .build()?
            .calls
            .pipeline()
            .clone();
        let api = |pipeline: &Arc<Pipeline>, operations| Self {
            pipeline: pipeline.clone(),
            operations,
        };
        Ok([
            api(&wunder, generated::wunder_auth::operations::ALL),
            api(&wunder, generated::wunder_user::operations::ALL),
            api(&walletcrew, generated::walletcrew::operations::ALL),
            api(&goodcity, generated::goodcity::operations::ALL),
            api(&fynd, generated::fynd::operations::ALL),
        ])
    }

    /// Classifies the response to an operation: the error that the caller would get, if any.
    pub fn classify(
        &self,
        operation: u8,
        carried_session: bool,
        status: StatusCode,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Option<Error> {
        let operation = self.operations[usize::from(operation) % self.operations.len()];
        if status.is_success() {
            return None;
        }
        let generation = carried_session.then_some(CredentialGeneration(0));
        let response = RawResponse::new(status, headers, body.into());
        let signed_at = self.pipeline.time.now();
        let result = judge(&self.pipeline, operation, generation, signed_at, response);
        result.err().map(|failed| failed.error)
    }

    /// The `Cookie` header that a cookie jar adds to a request to `path`.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn cookie_header(
        &self,
        jar: &Jar,
        path: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<HeaderValue>, Error> {
        let request = Request::new(self.operations[0], path);
        let default_headers = self.pipeline.rules.default_headers();
        let mut attempt = Attempt::new(&self.pipeline.base, default_headers, &request, None, now);
        jar.0.attach(&mut attempt, now)?;
        Ok(attempt.headers.remove(header::COOKIE))
    }

    /// An empty cookie jar for the host of this API.
    pub fn jar(&self) -> Jar {
        Jar(CookieJar::new(self.pipeline.base.url()))
    }
}

/// A cookie jar.
#[derive(Clone, Debug)]
pub struct Jar(CookieJar);

impl Jar {
    /// Merges the `Set-Cookie` headers of the response to a request of `url`; returns whether the jar
    /// changed, and how many cookies were ignored, or kept without an attribute.
    pub fn merge(&mut self, headers: &HeaderMap, url: &Url, now: DateTime<Utc>) -> (bool, usize) {
        let merged = self.0.merge(headers, url, now);
        let issues = merged.issues().map(|(_, count)| count).sum();
        (merged.has_changed, issues)
    }

    /// The jar as it is stored.
    ///
    /// # Errors
    ///
    /// None is expected.
    pub fn stored(&self) -> serde_json::Result<Value> {
        serde_json::to_value(&self.0)
    }

    /// Restores a stored jar.
    ///
    /// # Errors
    ///
    /// None for a value of [`stored`](Self::stored).
    pub fn restored(stored: Value) -> serde_json::Result<Self> {
        serde_json::from_value(stored).map(Self)
    }
}

/// The wait that the headers of a response request, at most `max`.
pub fn requested_wait(headers: &HeaderMap, now: DateTime<Utc>, max: Duration) -> Option<Duration> {
    retry_after(headers, now, max)
}

/// A paginated list of null values. Its pages are these responses, given as headers and number of
/// items, followed by empty ones. The numbers of the requested pages are appended to `requested`.
pub fn pages(
    responses: Vec<(HeaderMap, u8)>,
    requested: &Arc<Mutex<Vec<u32>>>,
) -> wunder::Pages<()> {
    let responses = Mutex::new(responses.into_iter());
    let requested = requested.clone();
    let operation = generated::wunder_user::operations::ALL[0];
    wunder::Pages::new(move |number| {
        lock(&requested).push(number);
        let (headers, items) = lock(&responses).next().unwrap_or_default();
        let body = Value::Array(vec![Value::Null; items.into()]).to_string();
        let response = RawResponse::new(StatusCode::OK, headers, body.into());
        let list = response.decode::<Vec<()>>(operation, |_| {});
        Box::pin(ready(
            list.map(|list| wunder::Page::of(list, |items| items)),
        ))
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
