//! Every request, response and error that a vendor documents or a server was observed to send
//! passes through the client unchanged.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "recorded/index.rs"]
mod index;
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use index::{Entry, Kind, Part};
use serde_json::{Map, Value, json};
use support::api_errors::{api_error, shown};
use support::apis::Api;
use support::calls::{self, JsonResponse};
use support::documents::{DOCUMENTS, Document, Operation};
use support::json::{canonical, texts};
use support::proof;
use vestibule::session::Tokens;
use vestibule::testing::TestClock;
use vestibule::{BoxFuture, Clock, Error, goodcity};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// Content types that servers use for the same body; the last one is none.
const LABELS: [&str; 4] = ["application/json", "text/plain", "text/json", ""];

struct Case<'a> {
    entry: Entry,
    document: &'a Document,
    operation: Operation,
    server: &'a MockServer,
}

impl<'a> Case<'a> {
    fn of(entry: Entry, documents: &'a [Document], server: &'a MockServer) -> Self {
        let (document, operation) = entry.described(documents);
        Self {
            entry,
            document,
            operation,
            server,
        }
    }

    async fn check(&self) {
        match (self.entry.kind, self.entry.part) {
            (Kind::Request, Part::Body) => {
                let body = self.entry.json();
                let request = self.request(&json!({"body": body})).await;
                let sent: Value = serde_json::from_slice(&request.body).unwrap();
                assert_eq!(sent, body, "{}", self.entry.file);
            }
            (Kind::Request, Part::Query) => self.check_query().await,
            (Kind::Request, Part::Header) => self.check_header().await,
            (Kind::Response, _) => self.check_response().await,
            (Kind::Error, _) => self.check_error().await,
        }
    }

    /// Calls the operation with the document's examples, overridden by `given`.
    async fn call(&self, given: &Value) -> Result<JsonResponse, Error> {
        // A new session for each call, as an error may end it.
        let api = Api::of(&self.document.name, &self.server.uri()).await;
        let mut arguments = self.operation.call_arguments(self.document, Some("1"));
        for (name, value) in given.as_object().unwrap() {
            arguments[name] = value.clone();
        }
        let with_session = self.operation.takes_session();
        api.call(self.operation.id(), with_session, &arguments)
            .await
    }

    async fn respond_with(&self, response: ResponseTemplate) {
        self.server.reset().await;
        Mock::given(any())
            .respond_with(response)
            .mount(self.server)
            .await;
    }

    async fn respond_with_example(&self) {
        let (status, example) = self.operation.successes(self.document).remove(0);
        let response = ResponseTemplate::new(status);
        self.respond_with(match example {
            Some(example) => response.set_body_json(example),
            None => response,
        })
        .await;
    }

    /// The one request that a call makes.
    async fn request(&self, given: &Value) -> Request {
        self.respond_with_example().await;
        self.call(given)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", self.entry.file));
        self.only_request().await
    }

    async fn only_request(&self) -> Request {
        let mut requests = self.server.received_requests().await.unwrap();
        assert_eq!(requests.len(), 1, "{}: one request", self.entry.file);
        requests.remove(0)
    }

    /// The recorded parameters are sent, and all others as in the example.
    async fn check_query(&self) {
        let recorded: Map<String, Value> = self.entry.json().as_object().unwrap().clone();
        let request = self.request(&Value::Object(recorded.clone())).await;
        let sent: BTreeMap<_, _> = request.url.query_pairs().collect();
        for (name, value) in &recorded {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let arrived = sent.get(name.as_str()).map(AsRef::as_ref);
            assert_eq!(arrived, Some(text.as_str()), "{}", self.entry.file);
        }
    }

    /// A session with the documented token sends the documented header.
    async fn check_header(&self) {
        let recorded = self.entry.text();
        let (name, value) = recorded.split_once(": ").unwrap();
        let token = value.strip_prefix("Bearer ").unwrap();
        self.respond_with_example().await;
        let client = goodcity::Client::builder(self.server.uri())
            .app_name("app")
            .clock(Arc::new(December2014(TestClock::new())))
            .build()
            .unwrap();
        let tokens = Tokens::new(token, None);
        let session = client.resume_with_tokens(tokens).await.unwrap();
        calls::goodcity::call(&session.api(), self.operation.id(), &json!({}))
            .await
            .unwrap();
        let request = self.only_request().await;
        assert_eq!(request.headers[name], value, "{}", self.entry.file);
    }

    async fn check_response(&self) {
        let body = self.entry.bytes();
        for label in LABELS {
            let place = format!("{} as `{label}`", self.entry.file);
            let response = ResponseTemplate::new(self.entry.status());
            self.respond_with(response.set_body_raw(body.clone(), label))
                .await;
            let answered = self
                .call(&json!({}))
                .await
                .unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_eq!(answered.status().as_u16(), self.entry.status(), "{place}");
            let arrived = answered.headers().get("content-type");
            assert_eq!(arrived.is_none(), label.is_empty(), "{place}");
            assert_eq!(
                canonical(&answered.into_inner().0),
                canonical(&self.entry.json()),
                "{place}"
            );
        }
    }

    async fn check_error(&self) {
        let body = self.entry.bytes();
        for label in LABELS {
            let place = format!("{} as `{label}`", self.entry.file);
            let response = ResponseTemplate::new(self.entry.status());
            self.respond_with(response.set_body_raw(body.clone(), label))
                .await;
            let error = self.call(&json!({})).await.expect_err(&place);
            let kind = format!("{:?}", error.kind());
            assert_eq!(Some(kind), self.entry.error_kind, "{place}");
            let status = error.status().map(|status| status.as_u16());
            assert_eq!(status, Some(self.entry.status()), "{place}");
            let api_error =
                api_error(&self.entry.system, &error).expect("a typed error of the system");
            assert_eq!(Some(api_error.what), self.entry.api_error, "{place}");
            if let Some(kept) = api_error.body {
                assert_eq!(canonical(&kept), canonical(&self.entry.json()), "{place}");
            }
            self.check_redaction(&place, &error, &api_error.debug);
        }
    }

    /// Only the code and the request id of the body are shown.
    fn check_redaction(&self, place: &str, error: &Error, api_error: &str) {
        let shown = format!("{} {api_error}", shown(error));
        let recorded = self.entry.json();
        for text in texts(&recorded) {
            let meant = [error.code(), error.request_id()].contains(&Some(text));
            // These are ours, and some servers write them too.
            let problem = error.problem();
            let is_ours = [problem.title, problem.type_uri].contains(&text);
            let harmless = meant || is_ours || text.trim().is_empty();
            assert!(harmless || !shown.contains(text), "{place}: `{text}`");
        }
    }
}

/// A time at which the documented token was valid.
struct December2014(TestClock);

impl Clock for December2014 {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_417_579_014, 0).unwrap()
    }

    fn sleep(&self, duration: std::time::Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }
}

#[test]
fn every_recorded_file_is_in_the_index_and_has_one_entry() {
    let mut listed: Vec<_> = index::read().into_iter().map(|entry| entry.file).collect();
    listed.sort();
    assert_eq!(listed, index::files());
}

#[test]
fn every_recorded_file_names_its_source() {
    let known = [
        "vendor documentation, ",
        "observed server behaviour, ",
        "official client ",
    ];
    for entry in index::read() {
        let named = known.iter().any(|start| entry.source.starts_with(start));
        assert!(named, "{}: {}", entry.file, entry.source);
    }
}

#[tokio::test]
async fn every_recorded_body_passes_through_the_client_unchanged() {
    let documents: Vec<_> = DOCUMENTS.iter().map(Document::read).collect();
    let server = MockServer::start().await;
    let files = index::files().len();
    let mut passed = 0;
    for entry in index::read() {
        Case::of(entry, &documents, &server).check().await;
        passed += 1;
    }
    proof("recorded", &format!("{passed}/{files}"));
    assert_eq!(passed, files);
}
