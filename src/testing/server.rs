//! The server of a mock: routes requests to operations, keeps the journal, forces statuses and
//! delays, checks expectations.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, Request, Respond, ResponseTemplate};

use super::admin;
use super::call::Call;
use super::clock::TestClock;
use super::expectations::{Calls, Expectations};
use super::http_server::HttpServer;
use super::journal::{Journal, RecordedRequest, redacted_path};
use super::outbox::Outbox;
use super::proxy::FaultProxy;
use super::response::MockResponse;
use super::settings::AllowedOrigin;
use super::variation::Variation;
use crate::clock::Clock;
use crate::pipeline::Operation;

/// wiremock's lowest priority, so that mocks that a test mounts take precedence.
const LOWEST_PRIORITY: u8 = 255;

/// The behaviour of one system's mock.
pub(crate) trait Behaviour: Send + Sync + 'static {
    /// The operations that it serves.
    fn operations(&self) -> Vec<&'static Operation>;

    /// The response to a call of one of them.
    fn respond(&self, call: &Call<'_>) -> MockResponse;

    /// The response to a request with these headers that calls none of them.
    fn not_found(&self, _headers: &HeaderMap) -> MockResponse {
        MockResponse::json(404, json!({"error": "no such endpoint"}))
    }

    /// Whether its responses tell the time.
    fn sends_date(&self) -> bool {
        true
    }
}

/// A running mock.
pub(crate) struct Server {
    name: &'static str,
    http: HttpServer,
    shared: Arc<ServerState>,
}

struct ServerState {
    operations: Vec<&'static Operation>,
    outbox: Outbox,
    clock: TestClock,
    origin: Option<AllowedOrigin>,
    control: Mutex<Control>,
}

/// What a test controls and inspects.
#[derive(Default)]
struct Control {
    forced_statuses: HashMap<&'static str, VecDeque<u16>>,
    delays: HashMap<&'static str, Duration>,
    variations: Vec<Variation>,
    journal: Journal,
    expectations: Expectations,
}

/// The parts of a mock.
pub(crate) struct Parts {
    pub(crate) name: &'static str,
    pub(crate) behaviour: Arc<dyn Behaviour>,
    pub(crate) outbox: Outbox,
    pub(crate) clock: TestClock,
    pub(crate) origin: Option<AllowedOrigin>,
}

impl Server {
    /// Listens on `listener`, or on a free port of the loopback interface.
    pub(crate) async fn start(parts: Parts, listener: Option<TcpListener>) -> Self {
        let http = HttpServer::start(listener).await;
        let shared = Arc::new(ServerState {
            operations: parts.behaviour.operations(),
            outbox: parts.outbox,
            clock: parts.clock,
            origin: parts.origin,
            control: Mutex::default(),
        });
        let responder = Responder {
            behaviour: parts.behaviour,
            shared: shared.clone(),
        };
        let mock = Mock::given(any()).respond_with(responder);
        http.mount(mock.with_priority(LOWEST_PRIORITY)).await;
        Self {
            name: parts.name,
            http,
            shared,
        }
    }

    pub(crate) fn uri(&self) -> String {
        self.http.uri()
    }

    pub(crate) async fn mount(&self, mock: Mock) {
        self.http.mount(mock).await;
    }

    pub(crate) async fn fault_proxy(&self, port: u16) -> io::Result<FaultProxy> {
        let headers = self.shared.origin.as_ref().map(AllowedOrigin::headers);
        FaultProxy::start_for(
            &self.uri(),
            port,
            self.shared.operations.clone(),
            headers.unwrap_or_default(),
        )
        .await
    }

    pub(crate) fn operations(&self) -> Vec<&'static str> {
        let operations = self.shared.operations.iter();
        operations.map(|operation| operation.id).collect()
    }

    #[track_caller]
    pub(crate) fn fail_next(&self, operation: &str, status: u16) {
        let operation = self.operation_id(operation);
        let mut control = self.shared.control();
        control
            .forced_statuses
            .entry(operation)
            .or_default()
            .push_back(status);
    }

    #[track_caller]
    pub(crate) fn delay(&self, operation: &str, delay: Duration) {
        let operation = self.operation_id(operation);
        self.shared.control().delays.insert(operation, delay);
    }

    pub(crate) fn vary(&self, variations: Vec<Variation>) {
        self.shared.control().variations = variations;
    }

    #[track_caller]
    pub(crate) fn count(&self, operation: &str) -> usize {
        let operation = self.operation_id(operation);
        self.shared.control().journal.calls(operation)
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.control().journal.requests().cloned().collect()
    }

    #[track_caller]
    pub(crate) fn expect(&self, operation: &str, calls: Calls) {
        let operation = self.operation_id(operation);
        let mut control = self.shared.control();
        let before = control.journal.calls(operation);
        control.expectations.add(operation, calls, before);
    }

    #[track_caller]
    pub(crate) fn verify(&self) {
        let control = self.shared.control();
        let unmet = control.expectations.unmet(&control.journal);
        let journal = control.journal.text();
        // Do not poison the lock for requests that are still in progress.
        drop(control);
        assert!(
            unmet.is_none(),
            "{} did not receive the expected calls:{}\n{journal}",
            self.name,
            unmet.unwrap_or_default(),
        );
    }

    /// The known operation with this id. A misspelt id panics, so that it does not look like an
    /// operation that was never called.
    #[track_caller]
    fn operation_id(&self, operation: &str) -> &'static str {
        let mut operations = self.shared.operations.iter();
        let found = operations.find(|known| known.id == operation);
        assert!(
            found.is_some(),
            "{} has no operation `{operation}`; it has: {}",
            self.name,
            self.operations().join(", "),
        );
        found.map_or("", |operation| operation.id)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.verify();
        }
    }
}

impl ServerState {
    fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Responder {
    behaviour: Arc<dyn Behaviour>,
    shared: Arc<ServerState>,
}

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let (mut response, delay) = self.process(request);
        if let Some(origin) = &self.shared.origin {
            response = response.headers(origin.headers());
        }
        let now = self.shared.clock.now();
        response.into_template(self.behaviour.sends_date().then_some(now), delay)
    }
}

impl Responder {
    fn process(&self, request: &Request) -> (MockResponse, Duration) {
        let ServerState { outbox, clock, .. } = &*self.shared;
        let admin = admin::respond(request, outbox, clock);
        if let Some(response) = admin.or_else(|| self.preflight(request)) {
            return (response, Duration::ZERO);
        }
        let Some(call) = Call::matching(&self.shared.operations, request) else {
            let response = self.behaviour.not_found(&request.headers);
            let path = redacted_path(&self.shared.operations, request.url.path());
            self.record(None, request, path, &response);
            return (response, Duration::ZERO);
        };
        let id = call.operation.id;
        let (forced_status, delay, variations) = {
            let mut control = self.shared.control();
            control.journal.count(id);
            let statuses = control.forced_statuses.get_mut(id);
            let forced_status = statuses.and_then(VecDeque::pop_front);
            (
                forced_status,
                control.delays.get(id).copied().unwrap_or_default(),
                control.variations.clone(),
            )
        };
        let response = match forced_status {
            Some(status) => MockResponse::empty(status),
            None => self.behaviour.respond(&call),
        };
        let response = match variations.is_empty() {
            true => response,
            false => response.vary(&variations, call.operation.response),
        };
        self.record(
            Some(id),
            request,
            call.operation.path.to_string(),
            &response,
        );
        (response, delay)
    }

    /// The response to a CORS preflight request.
    fn preflight(&self, request: &Request) -> Option<MockResponse> {
        let origin = self.shared.origin.as_ref()?;
        let header = |name| request.headers.get(name).and_then(|it| it.to_str().ok());
        header("access-control-request-method").filter(|_| request.method == "OPTIONS")?;
        let headers = origin.preflight_headers(header("access-control-request-headers"));
        Some(MockResponse::empty(204).headers(headers))
    }

    fn record(
        &self,
        operation: Option<&'static str>,
        request: &Request,
        path: String,
        response: &MockResponse,
    ) {
        self.shared.control().journal.record(RecordedRequest {
            operation,
            method: request.method.to_string(),
            path,
            status: response.status(),
            at: self.shared.clock.now(),
            headers: request.headers.clone(),
        });
    }
}
