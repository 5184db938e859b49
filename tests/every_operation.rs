//! Calls every described operation through the public client; compares the request that a recording
//! server receives with the document, and the decoded response with its example.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use support::apis::{Api, ApiConfig, COOKIE, TOKEN};
use support::documents::{DOCUMENTS, Document, Operation};
use support::json::canonical;
use support::proof;
use vestibule::{CallOptions, ErrorKind};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// Every character that could end a segment, start a query or be decoded twice.
const HOSTILE: &str = "a b/c?d#e%2Ff+g\\h;é=&";

/// The encoding of that segment by RFC 3986.
const HOSTILE_ENCODED: &str = "a%20b%2Fc%3Fd%23e%252Ff%2Bg%5Ch%3B%C3%A9%3D%26";

struct Case<'a> {
    document: &'a Document,
    operation: &'a Operation,
    api: &'a Api,
    server: &'a MockServer,
}

impl Case<'_> {
    /// Calls the operation with one documented success as the response.
    async fn check(&self, status: u16, example: Option<&Value>) {
        let place = format!("{} {}", self.document.name, self.operation.id());
        let mut response = ResponseTemplate::new(status);
        if let Some(example) = example {
            response = response.set_body_json(example);
        }
        self.server.reset().await;
        Mock::given(any())
            .respond_with(response)
            .mount(self.server)
            .await;
        let arguments = self.operation.call_arguments(self.document, Some(HOSTILE));
        let answered = self
            .api
            .call(
                self.operation.id(),
                self.operation.takes_session(),
                &arguments,
            )
            .await
            .unwrap_or_else(|error| panic!("{place}: {error}"));
        let requests = self.server.received_requests().await.unwrap();
        assert_eq!(requests.len(), 1, "{place}: one request");
        self.check_request(&place, &requests[0]);
        assert_eq!(answered.status().as_u16(), status, "{place}");
        let expected = example.cloned().unwrap_or(Value::Null);
        assert_eq!(
            canonical(&answered.into_inner().0),
            canonical(&expected),
            "{place}"
        );
    }

    fn check_request(&self, place: &str, request: &Request) {
        let method = self.operation.method.to_uppercase();
        assert_eq!(request.method.as_str(), method, "{place}");
        let mut path = self.operation.path.replace("{tenant}", "tenant01");
        path = path.replace("{tenantId}", "tenant01");
        let mut query = BTreeMap::new();
        for argument in self.operation.arguments(self.document, Some(HOSTILE)) {
            if argument.place == "path" {
                path = path.replace(&format!("{{{}}}", argument.name), HOSTILE_ENCODED);
            } else {
                let value = match argument.value {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                query.insert(argument.name, value);
            }
        }
        assert_eq!(request.url.path(), path, "{place}");
        let mut sent: BTreeMap<String, String> = request.url.query_pairs().into_owned().collect();
        self.check_credentials(place, request, &mut sent);
        assert_eq!(sent, query, "{place}");
        self.check_accept(place, request);
        self.check_body(place, request);
    }

    /// Exactly the documented credentials are sent.
    fn check_credentials(
        &self,
        place: &str,
        request: &Request,
        query: &mut BTreeMap<String, String>,
    ) {
        let header = |name: &str| {
            let value = request.headers.get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let alternatives = self.operation.value["security"].as_array().unwrap();
        let names = |scheme: &str| alternatives.iter().any(|set| set.get(scheme).is_some());
        let is_fynd = self.document.name == "fynd";
        let bearer = (names("session") && !is_fynd).then(|| format!("Bearer {TOKEN}"));
        let application = names("application")
            .then(|| "Bearer MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAxOnRlc3QtdG9rZW4tMQ==".to_owned());
        assert_eq!(header("authorization"), bearer.or(application), "{place}");
        let cookie = (names("session") && is_fynd).then(|| format!("{COOKIE}=a-cookie"));
        assert_eq!(header("cookie"), cookie, "{place}");
        for signed in ["x-fp-signature", "x-fp-date", "x-fp-sdk-version"] {
            assert_eq!(header(signed).is_some(), is_fynd, "{place}: {signed}");
        }
        let signature = self.operation.signature_parameters(self.document);
        assert_eq!(
            !signature.is_empty(),
            names("bootstrapSignature"),
            "{place}"
        );
        for signed in signature {
            assert!(query.remove(&signed).is_some(), "{place}: {signed}");
        }
        assert_eq!(header("api-version"), None, "{place}");
    }

    /// The request accepts the media types of the described successes, and errors in JSON.
    fn check_accept(&self, place: &str, request: &Request) {
        let accepted = request.headers["accept"].to_str().unwrap();
        let accepted: Vec<_> = accepted.split(", ").collect();
        let errors = ["application/json", "application/problem+json"];
        let mut expected: Vec<_> = errors.map(str::to_owned).into();
        for (status, response) in self.operation.value["responses"].as_object().unwrap() {
            let response = self.document.resolve(response);
            let content = response["content"].as_object().into_iter().flatten();
            let is_success = status.starts_with('2');
            let types = content.map(|(name, _)| name.clone());
            expected.extend(types.filter(|name| is_success || name.ends_with("json")));
        }
        for media_type in &expected {
            assert!(
                accepted.contains(&media_type.as_str()),
                "{place}: {accepted:?}"
            );
        }
        for media_type in accepted {
            assert!(
                expected.iter().any(|it| it == media_type),
                "{place}: {media_type}"
            );
        }
        let coding = if cfg!(feature = "gzip") {
            "gzip"
        } else {
            "identity"
        };
        assert_eq!(request.headers["accept-encoding"], coding, "{place}");
    }

    /// The body is the example, fits its schema and is labelled as JSON.
    fn check_body(&self, place: &str, request: &Request) {
        let Some(example) = self.operation.body(self.document) else {
            assert!(request.body.is_empty(), "{place}");
            return;
        };
        assert_eq!(
            request.headers["content-type"], "application/json",
            "{place}"
        );
        let sent: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(canonical(&sent), canonical(&example), "{place}");
        let body = self.document.resolve(&self.operation.value["requestBody"]);
        let schema = &body["content"]["application/json"]["schema"];
        let errors = self.document.errors(schema, &sent);
        assert!(errors.is_empty(), "{place}: {errors:?}");
    }
}

#[tokio::test]
async fn every_operation_sends_what_its_document_says_and_decodes_its_example() {
    let server = MockServer::start().await;
    let (mut called, mut total) = (0, 0);
    for document in DOCUMENTS.iter().map(Document::read) {
        let api = Api::of(&document.name, &server.uri()).await;
        let operations = document.operations();
        for operation in &operations {
            let documented = operation.value["x-beyond-documentation"] != true;
            total += usize::from(documented);
            let case = Case {
                document: &document,
                operation,
                api: &api,
                server: &server,
            };
            let successes = operation.successes(&document);
            assert!(!successes.is_empty(), "{} has no success", operation.id());
            for (status, example) in &successes {
                case.check(*status, example.as_ref()).await;
            }
            called += usize::from(documented);
        }
    }
    proof("operations-called", &format!("{called}/{total}"));
}

#[tokio::test]
async fn options_hold_for_every_operation_and_never_replace_what_the_client_sets() {
    let server = MockServer::start().await;
    let own = [
        "Authorization",
        "cookie",
        "content-type",
        "accept-language",
        "user-agent",
    ];
    for document in DOCUMENTS.iter().map(Document::read) {
        let with_options = async |options| {
            let config = ApiConfig {
                options,
                ..ApiConfig::default()
            };
            Api::with_config(&document.name, &server.uri(), &config).await
        };
        let traced = with_options(CallOptions::new().header("traceparent", "00-1-2-01")).await;
        let late = with_options(CallOptions::new().deadline(Duration::ZERO)).await;
        let idempotent = with_options(CallOptions::new().idempotent(true)).await;
        let mut refused = Vec::new();
        for name in own {
            let options = CallOptions::new().header(name, "of the caller");
            refused.push((name.to_lowercase(), with_options(options).await));
        }
        for operation in document.operations() {
            let place = format!("{} {}", document.name, operation.id());
            let arguments = operation.call_arguments(&document, None);
            let call = async |api: &Api| {
                server.reset().await;
                let (id, session) = (operation.id(), operation.takes_session());
                let result = api.call(id, session, &arguments).await;
                (result.err(), server.received_requests().await.unwrap())
            };
            let (_, requests) = call(&traced).await;
            assert_eq!(requests[0].headers["traceparent"], "00-1-2-01", "{place}");

            let (error, requests) = call(&late).await;
            assert_eq!(error.unwrap().kind(), ErrorKind::Unavailable, "{place}");
            assert!(requests.is_empty(), "{place}");

            let (error, requests) = call(&idempotent).await;
            let field = error.and_then(|error| error.field().map(str::to_owned));
            let is_refused = field.as_deref() == Some("idempotent");
            assert_eq!(is_refused, !operation.is_idempotent(), "{place}");
            assert_eq!(requests.is_empty(), is_refused, "{place}");

            for (name, api) in &refused {
                let (error, requests) = call(api).await;
                let error = error.unwrap();
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{place}");
                assert_eq!(error.field(), Some(name.as_str()), "{place}");
                assert!(requests.is_empty(), "{place}");
            }
        }
    }
}

#[test]
fn every_example_of_the_documents_fits_its_schema() {
    for document in DOCUMENTS.iter().map(Document::read) {
        for operation in document.operations() {
            let bodies = operation.value["responses"].as_object().unwrap().values();
            let bodies = bodies.chain(operation.value.get("requestBody"));
            for body in bodies.map(|body| document.resolve(body)) {
                let content = &body["content"]["application/json"];
                if let Some(example) = support::documents::example(content) {
                    let errors = document.errors(&content["schema"], &example);
                    assert!(
                        errors.is_empty(),
                        "{} {}: {errors:?}",
                        document.name,
                        operation.id()
                    );
                }
            }
        }
    }
}
