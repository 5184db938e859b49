//! A server that responds to every described operation with the example of its document.

use std::collections::HashMap;

use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::documents::{DOCUMENTS, Document, Operation};

/// The value of every path parameter.
pub const IN_PATH: &str = "1";

/// The path of an operation as the tests send it.
pub fn sent_path(operation: &Operation) -> String {
    let settings = ["{tenant}", "{tenantId}"];
    let segments = operation.path.split('/').map(|segment| {
        if settings.contains(&segment) {
            "tenant01"
        } else if segment.starts_with('{') {
            IN_PATH
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

struct Examples(HashMap<(String, String), (u16, Option<Value>)>);

impl Respond for Examples {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let key = (request.method.to_string(), request.url.path().to_owned());
        match self.0.get(&key) {
            Some((status, Some(body))) => ResponseTemplate::new(*status).set_body_json(body),
            Some((status, None)) => ResponseTemplate::new(*status),
            None => ResponseTemplate::new(404),
        }
    }
}

/// Starts the server; it records no requests.
pub async fn start() -> MockServer {
    let mut examples = HashMap::new();
    for document in DOCUMENTS.iter().map(Document::read) {
        for operation in document.operations() {
            let key = (operation.method.to_uppercase(), sent_path(&operation));
            examples.insert(key, operation.successes(&document).remove(0));
        }
    }
    let server = MockServer::builder()
        .disable_request_recording()
        .start()
        .await;
    Mock::given(any())
        .respond_with(Examples(examples))
        .mount(&server)
        .await;
    server
}
