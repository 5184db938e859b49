//! Doors for the fuzz targets in `fuzz/`, to rooms that have no public name. Compiled for them
//! alone.

use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::error::Error;
use crate::pipeline::{
    Attempt, CredentialGeneration, Operation, Pipeline, RawResponse, Request, classify, retry_after,
};
use crate::session::CookieJar;
use crate::{fynd, generated, goodcity, walletcrew, wunder};

/// The road of one described API.
#[derive(Debug)]
pub struct Door {
    pipeline: Arc<Pipeline>,
    operations: &'static [&'static Operation],
}

impl Door {
    /// One for each document.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn all() -> Result<[Self; 5], Error> {
        let at = "https://api.example.com";
        let wunder = wunder::Client::builder(at, "tenant").build()?.pipeline;
        let walletcrew = walletcrew::Client::builder(at, "tenant").build()?.pipeline;
        let goodcity = goodcity::Client::builder(at, "app").build()?.pipeline;
        let fynd = fynd::Client::builder("000000000000000000000001", "token")
            .base_url(at)
            .build()?
            .pipeline;
        let door = |pipeline: &Arc<Pipeline>, operations| Self {
            pipeline: pipeline.clone(),
            operations,
        };
        Ok([
            door(&wunder, generated::wunder_auth::operations::ALL),
            door(&wunder, generated::wunder_user::operations::ALL),
            door(&walletcrew, generated::walletcrew::operations::ALL),
            door(&goodcity, generated::goodcity::operations::ALL),
            door(&fynd, generated::fynd::operations::ALL),
        ])
    }

    /// The error that the caller of an operation would get for a response; none for a success.
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
        Some(classify(&self.pipeline, operation, generation, response).error)
    }

    /// The `Cookie` header that a jar puts on a request to `path`.
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

    /// An empty jar for the host of this API.
    pub fn jar(&self) -> Jar {
        Jar(CookieJar::new(self.pipeline.base.url()))
    }
}

/// A jar of cookies.
#[derive(Clone, Debug)]
pub struct Jar(CookieJar);

impl Jar {
    /// Takes in the `Set-Cookie` headers of an answer; tells whether that changed anything.
    pub fn merge(&mut self, headers: &HeaderMap, now: DateTime<Utc>) -> bool {
        self.0.merge(headers, now)
    }

    /// The jar as a store keeps it.
    ///
    /// # Errors
    ///
    /// None that a jar should ever give.
    pub fn stored(&self) -> serde_json::Result<Value> {
        serde_json::to_value(&self.0)
    }

    /// A jar that was stored.
    ///
    /// # Errors
    ///
    /// None for what [`stored`](Self::stored) gave.
    pub fn restored(stored: Value) -> serde_json::Result<Self> {
        serde_json::from_value(stored).map(Self)
    }
}

/// How long the headers of an answer ask to wait.
pub fn wait_asked_for(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    retry_after(headers, now)
}

/// A list of null values whose pages are these answers in turn, each the headers and the number of
/// items, and then empty ones. The numbers of the pages that are asked for go to `asked`.
pub fn pages(answers: Vec<(HeaderMap, u8)>, asked: &Arc<Mutex<Vec<u32>>>) -> wunder::Pages<()> {
    let answers = Mutex::new(answers.into_iter());
    let asked = asked.clone();
    let operation = generated::wunder_user::operations::ALL[0];
    wunder::Pages::new(move |number| {
        asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(number);
        let next = answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next();
        let (headers, items) = next.unwrap_or_default();
        let body = Value::Array(vec![Value::Null; items.into()]).to_string();
        let response = RawResponse::new(StatusCode::OK, headers, body.into());
        let list = response.decode::<Vec<()>>(operation);
        Box::pin(ready(
            list.map(|list| wunder::Page::of(list, |items| items)),
        ))
    })
}
