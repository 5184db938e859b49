//! A server that answers as it is told and hands out what it was sent.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use vestibule::Error;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support::apis::Api;
use crate::support::calls::JsonResponse;
use crate::support::documents::{Document, Operation};

/// One document's API, bound to such a server.
pub struct Wire {
    line: Line,
    api: Api,
    _server: MockServer,
}

#[derive(Clone, Default)]
struct Line(Arc<Mutex<Turn>>);

#[derive(Default)]
struct Turn {
    status: u16,
    answer: Vec<u8>,
    sent: Vec<u8>,
}

impl Respond for Line {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut turn = self.0.lock().unwrap();
        turn.sent.clone_from(&request.body);
        ResponseTemplate::new(turn.status).set_body_raw(turn.answer.clone(), "application/json")
    }
}

impl Wire {
    pub async fn of(document: &Document) -> Self {
        let server = MockServer::builder()
            .disable_request_recording()
            .start()
            .await;
        let line = Line::default();
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

    /// One call; gives what the server was sent and what the call gave.
    pub async fn exchange(
        &self,
        operation: &Operation,
        arguments: &Value,
        status: u16,
        answer: Vec<u8>,
    ) -> (Vec<u8>, Result<JsonResponse, Error>) {
        *self.line.0.lock().unwrap() = Turn {
            status,
            answer,
            sent: Vec::new(),
        };
        let with_session = operation.takes_session();
        let given = self.api.call(operation.id(), with_session, arguments).await;
        let sent = std::mem::take(&mut self.line.0.lock().unwrap().sent);
        (sent, given)
    }
}
