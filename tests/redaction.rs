//! No secret is ever shown: not in a log at its finest level, not by `Debug` or `Display` of
//! anything that a caller gets.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "redaction/answers.rs"]
mod answers;
#[path = "redaction/fynd_flows.rs"]
mod fynd_flows;
#[path = "redaction/log.rs"]
mod log;
#[path = "redaction/marks.rs"]
mod marks;
mod support;
#[path = "redaction/wunder_flows.rs"]
mod wunder_flows;

use std::sync::Arc;
use std::time::Duration;

use log::Log;
use marks::{MARK, Marked};
use serde_json::{Map, Value, json};
use support::apis::{Api, Equipment};
use support::calls::JsonResponse;
use support::documents::{DOCUMENTS, Document, Operation, rust_name};
use support::proof;
use support::refusals::{api_error, shown};
use support::sleeper::Sleeper;
use vestibule::Error;
use vestibule::reqwest;
use vestibule::testing::{Fault, FaultProxy, FaultRule, RefusingPort};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

/// Everything secret that a client holds is marked.
fn equipment() -> Equipment {
    let mut equipment = Equipment {
        clock: Arc::new(Sleeper::default()),
        access_token: MARK.to_owned(),
        refresh_token: Some(MARK.to_owned()),
        cookie: MARK.to_owned(),
        application_token: MARK.to_owned(),
        signature_key: MARK.to_owned(),
        ..Equipment::default()
    };
    equipment.settings.attempt_timeout = Duration::from_secs(5);
    equipment
}

/// Looks for marks, and counts where it looked.
struct Search {
    log: Log,
    needles: Vec<(&'static str, String)>,
    leaks: Vec<String>,
    looked: usize,
}

impl Search {
    fn look(&mut self, place: &str, shown: &str) {
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
        Ok(answer) => format!("{answer:?} {answer:#?} {:?}", answer.headers()),
        Err(error) => {
            let api_error = api_error(system, error).map(|refused| refused.debug);
            format!("{} {api_error:?}", shown(error))
        }
    }
}

struct Subject<'a> {
    document: &'a Document,
    operation: &'a Operation,
    arguments: Value,
}

impl<'a> Subject<'a> {
    fn new(document: &'a Document, operation: &'a Operation) -> Self {
        let mut arguments = operation.call_arguments(document, Some("1"));
        let marked = Marked {
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
                arguments[name] = json!(MARK);
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

    async fn call(&self, base_url: &str, equipment: &Equipment, search: &mut Search, what: &str) {
        self.call_with(base_url, equipment, &self.arguments, search, what)
            .await;
    }

    async fn call_with(
        &self,
        base_url: &str,
        equipment: &Equipment,
        arguments: &Value,
        search: &mut Search,
        what: &str,
    ) {
        let api = Api::equipped(&self.document.name, base_url, equipment).await;
        let with_session = self.operation.takes_session();
        let outcome = api.call(self.operation.id(), with_session, arguments).await;
        let mut shown = shown_outcome(self.document.system(), &outcome);
        shown.push_str(&api.shown());
        let place = format!("{} {}: {what}", self.document.name, self.operation.id());
        search.look(&place, &shown);
    }

    /// Every argument in turn is missing, and is of a wrong type with a mark in it: why it does
    /// not fit is shown too.
    async fn call_badly(&self, base_url: &str, search: &mut Search) {
        let given: &Map<String, Value> = self.arguments.as_object().unwrap();
        for name in given.keys() {
            let mut without = given.clone();
            without.remove(name);
            let mut wrong = given.clone();
            wrong.insert(name.clone(), json!([{"x": MARK}]));
            for (what, arguments) in [("without", without), ("with a wrong", wrong)] {
                let what = format!("{what} {name}");
                let arguments = Value::Object(arguments);
                self.call_with(base_url, &equipment(), &arguments, search, &what)
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn no_secret_is_shown_by_any_operation_however_it_ends() {
    let log = Log::install();
    let mut search = Search {
        log,
        needles: marks::needles(),
        leaks: Vec::new(),
        looked: 0,
    };
    let canaries = canaries(&mut search);
    assert_eq!(fynd_flows::look(&mut search).await, 15);
    let server = MockServer::builder()
        .disable_request_recording()
        .start()
        .await;
    let proxy = FaultProxy::start(server.uri()).await.unwrap();
    let refusing = RefusingPort::take().unwrap();
    let http2 = Equipment {
        http_client: Some(
            reqwest::Client::builder()
                .http2_prior_knowledge()
                .no_proxy()
                .build()
                .unwrap(),
        ),
        ..equipment()
    };
    let mut operations = 0;
    for document in DOCUMENTS.iter().map(Document::read) {
        for operation in document.operations() {
            operations += usize::from(operation.value["x-beyond-documentation"] != true);
            let subject = Subject::new(&document, &operation);
            for (what, answer) in answers::all(&document, &operation) {
                server.reset().await;
                Mock::given(any()).respond_with(answer).mount(&server).await;
                let by_http2 = format!("{what} by HTTP/2");
                subject
                    .call(&server.uri(), &equipment(), &mut search, &what)
                    .await;
                subject
                    .call(&server.uri(), &http2, &mut search, &by_http2)
                    .await;
            }
            subject
                .call(refusing.base_url(), &equipment(), &mut search, "refused")
                .await;
            for (what, fault) in [
                ("reset", Fault::ResetAfterRequest),
                ("cut", Fault::HalfBody),
            ] {
                proxy.reset();
                proxy.inject(FaultRule::new(fault));
                subject
                    .call(&proxy.base_url(), &equipment(), &mut search, what)
                    .await;
            }
            proxy.reset();
            proxy.inject(FaultRule::new(Fault::TlsFailure));
            subject
                .call(&proxy.https_url(), &equipment(), &mut search, "no TLS")
                .await;
            subject.call_badly(&server.uri(), &mut search).await;
        }
    }
    let flows = wunder_flows::look(&mut search).await;
    assert!(flows > 80, "only {flows} looks at flows");
    let leaks = &search.leaks;
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks[..leaks.len().min(40)].join("\n")
    );
    assert!(
        search.looked > 5_000,
        "only {} calls were looked at",
        search.looked
    );
    proof(
        "redaction",
        &format!("operations={operations} leaks=0 canaries-found={canaries}"),
    );
}

/// Shows the mark on purpose in every way and medium; each must be found, or the search is blind.
fn canaries(search: &mut Search) -> usize {
    /// As somebody would write it who forgot.
    #[derive(Debug)]
    struct Careless {
        #[expect(dead_code, reason = "`Debug` reads it")]
        token: String,
    }
    let mut found = 0;
    for (_, needle) in search.needles.clone() {
        let careless = Careless { token: needle };
        tracing::trace!(?careless, "a canary");
        search.look("canary", "");
        search.look("canary", &format!("{careless:?}"));
        tracing::info_span!("canary", value = ?careless).in_scope(|| {});
        search.look("canary", "");
        let leaks = std::mem::take(&mut search.leaks);
        let media = leaks.iter().filter(|leak| leak.contains("the log")).count();
        assert!(media >= 2, "a canary in the log was missed");
        assert!(leaks.len() > media, "a canary in a value was missed");
        found += 3;
    }
    found
}
