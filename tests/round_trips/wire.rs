//! A server that responds with given bytes and returns the requests it received.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use vestibule::Error;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support::apis::Api;
use crate::support::calls::JsonResponse;
use crate::support::documents::{Document, Operation};

/// One document's API, with such a server as its base URL.
pub struct Wire {
    line: Connection,
    api: Api,
    _server: MockServer,
}

#[derive(Clone, Default)]
struct Connection(Arc<Mutex<Exchange>>);

#[derive(Default)]
struct Exchange {
    status: u16,
    response: Vec<u8>,
    sent: Vec<u8>,
}

impl Respond for Connection {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut turn = self.0.lock().unwrap();
        turn.sent.clone_from(&request.body);
        ResponseTemplate::new(turn.status).set_body_raw(turn.response.clone(), "application/json")
    }
}

impl Wire {
    pub async fn of(document: &Document) -> Self {
        let server = MockServer::builder()
            .disable_request_recording()
            .start()
            .await;
        let line = Connection::default();
        Mock::given(any())
            .respond_with(line.clone())
            .mount(&server)
            .await;
        Self {
            api: Api::of(&document.name, &server.uri()).await,
            line,
            _server: server,
        }
    }

    /// Makes one call; returns the received request and the result of the call.
    pub async fn exchange(
        &self,
        operation: &Operation,
        arguments: &Value,
        status: u16,
        response: Vec<u8>,
    ) -> (Vec<u8>, Result<JsonResponse, Error>) {
        *self.line.0.lock().unwrap() = Exchange {
            status,
            response,
            sent: Vec::new(),
        };
        let with_session = operation.takes_session();
        let given = self.api.call(operation.id(), with_session, arguments).await;
        let sent = std::mem::take(&mut self.line.0.lock().unwrap().sent);
        (sent, given)
    }
}
