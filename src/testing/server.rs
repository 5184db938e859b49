//! What all mocks share: a port, the outbox, a journal, faults on demand, expectations.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, Request, Respond, ResponseTemplate};

use super::call::Call;
use super::clock::TestClock;
use super::doors;
use super::expectations::{Calls, Expectations};
use super::http_server::HttpServer;
use super::journal::{Journal, SeenRequest, shown_path};
use super::outbox::Outbox;
use super::proxy::FaultProxy;
use super::response::MockResponse;
use super::settings::AllowedOrigin;
use crate::clock::Clock;
use crate::pipeline::Operation;

/// wiremock's lowest priority, so that every mock of a test comes first.
const LAST: u8 = 255;

/// What one system's mock does.
pub(crate) trait Behaviour: Send + Sync + 'static {
    /// The described operations that it serves.
    fn operations(&self) -> Vec<&'static Operation>;

    /// The answer to one of them.
    fn answer(&self, call: &Call<'_>) -> MockResponse;
}

/// A running mock.
pub(crate) struct Server {
    name: &'static str,
    http: HttpServer,
    shared: Arc<Shared>,
}

struct Shared {
    operations: Vec<&'static Operation>,
    outbox: Outbox,
    clock: TestClock,
    origin: Option<AllowedOrigin>,
    control: Mutex<Control>,
}

/// What a test set and what it may ask about.
#[derive(Default)]
struct Control {
    forced: HashMap<&'static str, VecDeque<u16>>,
    delays: HashMap<&'static str, Duration>,
    journal: Journal,
    expectations: Expectations,
}

/// What a mock is made of.
pub(crate) struct Parts {
    pub(crate) name: &'static str,
    pub(crate) behaviour: Arc<dyn Behaviour>,
    pub(crate) outbox: Outbox,
    pub(crate) clock: TestClock,
    pub(crate) origin: Option<AllowedOrigin>,
}

impl Server {
    /// Serves on `listener`, or on a free port of the loopback.
    pub(crate) async fn start(parts: Parts, listener: Option<TcpListener>) -> Self {
        let http = HttpServer::start(listener).await;
        let shared = Arc::new(Shared {
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
        let last = Mock::given(any()).respond_with(responder);
        http.mount(last.with_priority(LAST)).await;
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
        let operation = self.known(operation);
        let mut control = self.shared.control();
        control
            .forced
            .entry(operation)
            .or_default()
            .push_back(status);
    }

    #[track_caller]
    pub(crate) fn delay(&self, operation: &str, delay: Duration) {
        let operation = self.known(operation);
        self.shared.control().delays.insert(operation, delay);
    }

    #[track_caller]
    pub(crate) fn count(&self, operation: &str) -> usize {
        let operation = self.known(operation);
        self.shared.control().journal.counted(operation)
    }

    pub(crate) fn requests(&self) -> Vec<SeenRequest> {
        self.shared.control().journal.requests().cloned().collect()
    }

    #[track_caller]
    pub(crate) fn expect(&self, operation: &str, calls: Calls) {
        let operation = self.known(operation);
        let mut control = self.shared.control();
        let before = control.journal.counted(operation);
        control.expectations.add(operation, calls, before);
    }

    #[track_caller]
    pub(crate) fn verify(&self) {
        let control = self.shared.control();
        let unmet = control.expectations.unmet(&control.journal);
        let journal = control.journal.text();
        // A failing assertion must not leave the lock poisoned for the requests under way.
        drop(control);
        assert!(
            unmet.is_none(),
            "{} did not get the calls that the test expects:{}\n{journal}",
            self.name,
            unmet.unwrap_or_default(),
        );
    }

    /// The operation of this id. A typing error in a test must not pass for "never called".
    #[track_caller]
    fn known(&self, operation: &str) -> &'static str {
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

impl Shared {
    fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Responder {
    behaviour: Arc<dyn Behaviour>,
    shared: Arc<Shared>,
}

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let (mut answer, delay) = self.answer(request);
        if let Some(origin) = &self.shared.origin {
            for (name, value) in origin.headers() {
                answer = answer.header(name, value);
            }
        }
        answer.into_template(self.shared.clock.now(), delay)
    }
}

impl Responder {
    fn answer(&self, request: &Request) -> (MockResponse, Duration) {
        let Shared { outbox, clock, .. } = &*self.shared;
        if let Some(answer) = doors::answer(request, outbox, clock) {
            return (answer, Duration::ZERO);
        }
        if let Some(answer) = self.preflight(request) {
            return (answer, Duration::ZERO);
        }
        let Some(call) = Call::matching(&self.shared.operations, request) else {
            let body = json!({"error": "no such endpoint"});
            let answer = MockResponse::json(404, body);
            let path = shown_path(&self.shared.operations, request.url.path());
            self.write(None, request, path, &answer);
            return (answer, Duration::ZERO);
        };
        let id = call.operation.id;
        let (forced, delay) = {
            let mut control = self.shared.control();
            control.journal.count(id);
            let forced = control.forced.get_mut(id).and_then(VecDeque::pop_front);
            (forced, control.delays.get(id).copied().unwrap_or_default())
        };
        let answer = match forced {
            Some(status) => MockResponse::empty(status),
            None => self.behaviour.answer(&call),
        };
        self.write(Some(id), request, call.operation.path.to_string(), &answer);
        (answer, delay)
    }

    /// The answer to a browser that asks whether a page may send a request.
    fn preflight(&self, request: &Request) -> Option<MockResponse> {
        let origin = self.shared.origin.as_ref()?;
        let header = |name| request.headers.get(name).and_then(|it| it.to_str().ok());
        header("access-control-request-method").filter(|_| request.method == "OPTIONS")?;
        let headers = origin.preflight_headers(header("access-control-request-headers"));
        let answer = MockResponse::empty(204);
        Some(
            headers
                .into_iter()
                .fold(answer, |answer, (name, value)| answer.header(name, value)),
        )
    }

    fn write(
        &self,
        operation: Option<&'static str>,
        request: &Request,
        path: String,
        answer: &MockResponse,
    ) {
        self.shared.control().journal.write(SeenRequest {
            operation,
            method: request.method.to_string(),
            path,
            status: answer.status(),
            at: self.shared.clock.now(),
        });
    }
}
