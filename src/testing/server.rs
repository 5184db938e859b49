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

use super::call::Call;
use super::clock::TestClock;
use super::control::{self, ControlAccess, Controlled, MockControl, Seed};
use super::expectations::{Calls, Expectations};
use super::http_server::HttpServer;
use super::journal::{Journal, RecordedRequest, redacted_path};
use super::outbox::Outbox;
use super::proxy::{FaultProxy, Rules};
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
    /// Listens for clients in front of a mock with a control API, which injects faults there.
    front: Option<FaultProxy>,
    shared: Arc<ServerState>,
}

pub(super) struct ServerState {
    pub(super) behaviour: Arc<dyn Controlled>,
    pub(super) operations: Vec<&'static Operation>,
    pub(super) outbox: Outbox,
    pub(super) clock: TestClock,
    /// The offset of the clock at the start.
    pub(super) first_offset: i64,
    pub(super) origin: Option<AllowedOrigin>,
    /// Who may use the control API, if the mock has one.
    pub(super) access: Option<ControlAccess>,
    /// The rules of the proxy in front.
    pub(super) rules: Arc<Rules>,
    control: Mutex<Control>,
}

/// What a test controls and inspects.
#[derive(Default)]
pub(super) struct Control {
    forced_statuses: HashMap<&'static str, VecDeque<u16>>,
    delays: HashMap<&'static str, Duration>,
    variations: Vec<Variation>,
    pub(super) journal: Journal,
    expectations: Expectations,
    /// The expectations of the control API. Dropping the mock does not verify them.
    pub(super) requested_expectations: Expectations,
    seeds: Vec<Seed>,
}

/// The parts of a mock.
pub(crate) struct Parts {
    pub(crate) name: &'static str,
    pub(crate) behaviour: Arc<dyn Controlled>,
    pub(crate) outbox: Outbox,
    pub(crate) clock: TestClock,
    pub(crate) origin: Option<AllowedOrigin>,
    pub(crate) access: Option<ControlAccess>,
}

impl Server {
    /// Listens on `listener`, or on a free port of the loopback interface.
    pub(crate) async fn start(parts: Parts, listener: Option<TcpListener>) -> Self {
        let http = HttpServer::start(listener).await;
        let operations = parts.behaviour.operations();
        let shared = Arc::new(ServerState {
            behaviour: parts.behaviour,
            outbox: parts.outbox,
            first_offset: parts.clock.offset(),
            clock: parts.clock,
            rules: Arc::new(rules(operations.clone(), parts.origin.as_ref())),
            operations,
            origin: parts.origin,
            access: parts.access,
            control: Mutex::default(),
        });
        let responder = Responder(shared.clone());
        let mock = Mock::given(any()).respond_with(responder);
        http.mount(mock.with_priority(LOWEST_PRIORITY)).await;
        Self {
            name: parts.name,
            http,
            front: None,
            shared,
        }
    }

    /// Puts a proxy in front of the mock, for the faults of its control API.
    pub(crate) fn listen_in_front(&mut self, listener: TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let rules = self.shared.rules.clone();
        self.front = Some(FaultProxy::start_for(&self.http.uri(), listener, rules)?);
        Ok(())
    }

    pub(crate) fn uri(&self) -> String {
        let front = self.front.as_ref().map(FaultProxy::base_url);
        front.unwrap_or_else(|| self.http.uri())
    }

    /// The control API, if the mock has one.
    pub(crate) fn control(&self) -> Option<MockControl> {
        let has_control = self.shared.access.is_some();
        has_control.then(|| MockControl::new(self.shared.clone()))
    }

    pub(crate) async fn mount(&self, mock: Mock) {
        self.http.mount(mock).await;
    }

    pub(crate) async fn fault_proxy(&self, port: u16) -> io::Result<FaultProxy> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        let operations = self.shared.operations.clone();
        let rules = Arc::new(rules(operations, self.shared.origin.as_ref()));
        FaultProxy::start_for(&self.http.uri(), listener, rules)
    }

    pub(crate) fn operations(&self) -> Vec<&'static str> {
        self.shared.operation_ids()
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

/// The rules of a proxy for a mock, with the headers of the responses of the proxy itself.
fn rules(operations: Vec<&'static Operation>, origin: Option<&AllowedOrigin>) -> Rules {
    let headers = origin.map(AllowedOrigin::headers);
    Rules::new(operations, headers.unwrap_or_default())
}

impl ServerState {
    pub(super) fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn operation_ids(&self) -> Vec<&'static str> {
        let operations = self.operations.iter();
        operations.map(|operation| operation.id).collect()
    }

    pub(super) fn add_seed(&self, seed: Seed) {
        self.control().seeds.push(seed);
    }

    pub(super) fn seeds(&self) -> Vec<Seed> {
        self.control().seeds.clone()
    }

    /// Forgets everything but the settings, the seeds, and what the Rust handle expects and counts.
    pub(super) fn reset(&self) {
        self.behaviour.reset();
        self.outbox.clear();
        self.rules.reset();
        let mut control = self.control();
        control.forced_statuses.clear();
        control.delays.clear();
        control.variations.clear();
        control.journal.clear_requests();
        control.requested_expectations.clear();
    }
}

struct Responder(Arc<ServerState>);

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let (mut response, delay) = self.process(request);
        if let Some(origin) = &self.0.origin {
            response = response.headers(origin.headers());
        }
        let now = self.0.clock.now();
        response.into_template(self.0.behaviour.sends_date().then_some(now), delay)
    }
}

impl Responder {
    fn process(&self, request: &Request) -> (MockResponse, Duration) {
        let shared = &*self.0;
        let ours = self.preflight(request);
        if let Some(response) = ours.or_else(|| control::respond(shared, request)) {
            return (response, Duration::ZERO);
        }
        let Some(call) = Call::matching(&shared.operations, request) else {
            let response = shared.behaviour.not_found(&request.headers);
            let path = redacted_path(&shared.operations, request.url.path());
            self.record(None, request, path, &response);
            return (response, Duration::ZERO);
        };
        let id = call.operation.id;
        let (forced_status, delay, variations) = {
            let mut control = shared.control();
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
            None => shared.behaviour.respond(&call),
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
        let origin = self.0.origin.as_ref()?;
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
        self.0.control().journal.record(RecordedRequest {
            operation,
            method: request.method.to_string(),
            path,
            status: response.status(),
            at: self.0.clock.now(),
            headers: request.headers.clone(),
        });
    }
}
