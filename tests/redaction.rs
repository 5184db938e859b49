//! Secrets are never shown: neither in logs at the finest level, nor by `Debug` or `Display` of any
//! value that a caller gets.
#![cfg(all(
    feature = "signed-profile",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "redaction/fynd_flows.rs"]
mod fynd_flows;
#[path = "redaction/log.rs"]
mod log;
#[path = "redaction/markers.rs"]
mod markers;
#[path = "redaction/responses.rs"]
mod responses;
mod support;
#[path = "redaction/wunder_flows.rs"]
mod wunder_flows;

use std::sync::Arc;
use std::time::Duration;

use log::Log;
use markers::{MARKER, MarkedValues};
use serde_json::{Map, Value, json};
use support::api_errors::{api_error, shown};
use support::apis::{Api, ApiConfig};
use support::calls::JsonResponse;
use support::documents::{DOCUMENTS, Document, Operation, rust_name};
use support::proof;
use support::sleeper::Sleeper;
use vestibule::reqwest;
use vestibule::testing::{Fault, FaultProxy, FaultRule, RefusingPort};
use vestibule::{Error, Settings};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

/// Every secret of a client's configuration is a marker.
fn config() -> ApiConfig {
    ApiConfig {
        settings: Settings::new().attempt_timeout(Duration::from_secs(5)),
        clock: Arc::new(Sleeper::default()),
        access_token: MARKER.to_owned(),
        refresh_token: Some(MARKER.to_owned()),
        cookie: MARKER.to_owned(),
        application_token: MARKER.to_owned(),
        signing_key: MARKER.to_owned(),
        ..ApiConfig::default()
    }
}

/// Searches for markers, and counts the searched values.
struct Search {
    log: Log,
    needles: Vec<(&'static str, String)>,
    leaks: Vec<String>,
    looked: usize,
}

impl Search {
    fn check(&mut self, place: &str, shown: &str) {
        let logged = self.log.take();
        self.looked += 1;
        for (name, needle) in &self.needles {
            for (medium, text) in [("the log", &*logged), ("a value", shown)] {
                if let Some(at) = text.find(needle.as_str()) {
                    let around: String = text[..at].chars().rev().take(200).collect();
                    let around: String = around.chars().rev().collect();
                    self.leaks.push(format!(
                        "{place}: {medium} shows it in {name} after …{around}"
                    ));
                }
            }
        }
    }
}

fn shown_outcome(system: &str, outcome: &Result<JsonResponse, Error>) -> String {
    match outcome {
        Ok(response) => format!("{response:?} {response:#?} {:?}", response.headers()),
        Err(error) => {
            let api_error = api_error(system, error).map(|refused| refused.debug);
            format!("{} {api_error:?}", shown(error))
        }
    }
}

struct Call<'a> {
    document: &'a Document,
    operation: &'a Operation,
    arguments: Value,
}

impl<'a> Call<'a> {
    fn new(document: &'a Document, operation: &'a Operation) -> Self {
        let mut arguments = operation.call_arguments(document, Some("1"));
        let marked = MarkedValues {
            document,
            quoting: false,
        };
        for parameter in operation.value["parameters"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let parameter = document.resolve(parameter);
            if document.resolve(&parameter["schema"])["format"] == "password" {
                let name = rust_name(parameter["name"].as_str().unwrap());
                arguments[name] = json!(MARKER);
            }
        }
        if let Some(body) = operation.value.get("requestBody") {
            let content = &document.resolve(body)["content"]["application/json"];
            arguments["body"] = marked.of(&content["schema"]);
        }
        Self {
            document,
            operation,
            arguments,
        }
    }

    async fn call(&self, base_url: &str, config: &ApiConfig, search: &mut Search, what: &str) {
        self.call_with(base_url, config, &self.arguments, search, what)
            .await;
    }

    async fn call_with(
        &self,
        base_url: &str,
        config: &ApiConfig,
        arguments: &Value,
        search: &mut Search,
        what: &str,
    ) {
        let api = Api::with_config(&self.document.name, base_url, config).await;
        let with_session = self.operation.takes_session();
        let outcome = api.call(self.operation.id(), with_session, arguments).await;
        let mut shown = shown_outcome(self.document.system(), &outcome);
        shown.push_str(&api.shown());
        let place = format!("{} {}: {what}", self.document.name, self.operation.id());
        search.check(&place, &shown);
    }

    /// Each argument in turn is omitted, and is of a wrong type that contains a marker: the reason
    /// why it does not fit is shown too.
    async fn call_with_invalid_arguments(&self, base_url: &str, search: &mut Search) {
        let given: &Map<String, Value> = self.arguments.as_object().unwrap();
        for name in given.keys() {
            let mut without = given.clone();
            without.remove(name);
            let mut wrong = given.clone();
            wrong.insert(name.clone(), json!([{"x": MARKER}]));
            for (what, arguments) in [("without", without), ("with a wrong", wrong)] {
                let what = format!("{what} {name}");
                let arguments = Value::Object(arguments);
                self.call_with(base_url, &config(), &arguments, search, &what)
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn no_operation_shows_a_secret_in_any_outcome() {
    let log = Log::install();
    let mut search = Search {
        log,
        needles: markers::needles(),
        leaks: Vec::new(),
        looked: 0,
    };
    let canaries = canaries(&mut search);
    assert_eq!(fynd_flows::search(&mut search).await, 15);
    let server = MockServer::builder()
        .disable_request_recording()
        .start()
        .await;
    let proxy = FaultProxy::start(server.uri()).await.unwrap();
    let refusing = RefusingPort::take().unwrap();
    let http2 = ApiConfig {
        http_client: Some(
            reqwest::Client::builder()
                .http2_prior_knowledge()
                .no_proxy()
                .build()
                .unwrap(),
        ),
        ..config()
    };
    let mut operations = 0;
    for document in DOCUMENTS.iter().map(Document::read) {
        for operation in document.operations() {
            operations += usize::from(operation.value["x-beyond-documentation"] != true);
            let subject = Call::new(&document, &operation);
            for (what, response) in responses::all(&document, &operation) {
                server.reset().await;
                Mock::given(any())
                    .respond_with(response)
                    .mount(&server)
                    .await;
                let by_http2 = format!("{what} by HTTP/2");
                subject
                    .call(&server.uri(), &config(), &mut search, &what)
                    .await;
                subject
                    .call(&server.uri(), &http2, &mut search, &by_http2)
                    .await;
            }
            subject
                .call(refusing.base_url(), &config(), &mut search, "refused")
                .await;
            for (what, fault) in [
                ("reset", Fault::ResetAfterRequest),
                ("cut", Fault::HalfBody),
            ] {
                proxy.reset();
                proxy.inject(FaultRule::new(fault));
                subject
                    .call(&proxy.base_url(), &config(), &mut search, what)
                    .await;
            }
            proxy.reset();
            proxy.inject(FaultRule::new(Fault::TlsFailure));
            subject
                .call(&proxy.https_url(), &config(), &mut search, "no TLS")
                .await;
            subject
                .call_with_invalid_arguments(&server.uri(), &mut search)
                .await;
        }
    }
    let flows = wunder_flows::search(&mut search).await;
    assert!(flows > 80, "only {flows} values of flows were searched");
    let leaks = &search.leaks;
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks[..leaks.len().min(40)].join("\n")
    );
    assert!(
        search.looked > 5_000,
        "only {} calls were searched",
        search.looked
    );
    proof(
        "redaction",
        &format!("operations={operations} leaks=0 canaries-found={canaries}"),
    );
}

/// Leaks the marker on purpose in every form and medium; the search must find each.
fn canaries(search: &mut Search) -> usize {
    /// A type that forgot to redact.
    #[derive(Debug)]
    struct LeakyDebug {
        #[expect(dead_code, reason = "`Debug` reads it")]
        token: String,
    }
    let mut found = 0;
    for (_, needle) in search.needles.clone() {
        let careless = LeakyDebug { token: needle };
        tracing::trace!(?careless, "a canary");
        search.check("canary", "");
        search.check("canary", &format!("{careless:?}"));
        tracing::info_span!("canary", value = ?careless).in_scope(|| {});
        search.check("canary", "");
        let leaks = std::mem::take(&mut search.leaks);
        let media = leaks.iter().filter(|leak| leak.contains("the log")).count();
        assert!(media >= 2, "a canary in the log was missed");
        assert!(leaks.len() > media, "a canary in a value was missed");
        found += 3;
    }
    found
}
