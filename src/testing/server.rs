//! What all mocks share: a free port, the outbox, a journal, faults on demand.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::answer::Answer;
use super::call::Call;
use super::clock::TestClock;
use super::outbox::Outbox;
use crate::clock::Time;
use crate::pipeline::Operation;

/// How many calls the journal keeps in order; counts are kept for all.
const JOURNAL: usize = 1_000;

/// What one system's mock does.
pub(crate) trait Behaviour: Send + Sync + 'static {
    /// The described operations that it serves.
    fn operations(&self) -> Vec<&'static Operation>;

    /// The answer to one of them.
    fn answer(&self, call: &Call<'_>) -> Answer;
}

/// A running mock.
pub(crate) struct Server {
    http: MockServer,
    shared: Arc<Shared>,
}

struct Shared {
    outbox: Outbox,
    clock: TestClock,
    control: Mutex<Control>,
}

/// What a test set and what it may ask about.
#[derive(Default)]
struct Control {
    forced: HashMap<String, VecDeque<u16>>,
    delays: HashMap<String, Duration>,
    counts: HashMap<&'static str, usize>,
    journal: VecDeque<(&'static str, u16)>,
}

impl Server {
    pub(crate) async fn start(
        behaviour: Arc<dyn Behaviour>,
        outbox: Outbox,
        clock: TestClock,
    ) -> Self {
        let http = MockServer::builder()
            .disable_request_recording()
            .start()
            .await;
        let shared = Arc::new(Shared {
            outbox,
            clock,
            control: Mutex::default(),
        });
        let responder = Responder {
            operations: behaviour.operations(),
            behaviour,
            shared: shared.clone(),
        };
        Mock::given(any())
            .respond_with(responder)
            .mount(&http)
            .await;
        Self { http, shared }
    }

    pub(crate) fn uri(&self) -> String {
        self.http.uri()
    }

    pub(crate) fn fail_next(&self, operation: &str, status: u16) {
        let mut control = self.shared.control();
        control
            .forced
            .entry(operation.to_owned())
            .or_default()
            .push_back(status);
    }

    pub(crate) fn delay(&self, operation: &str, delay: Duration) {
        self.shared
            .control()
            .delays
            .insert(operation.to_owned(), delay);
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.shared
            .control()
            .counts
            .get(operation)
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn journal(&self) -> Vec<(&'static str, u16)> {
        self.shared.control().journal.iter().copied().collect()
    }
}

impl Shared {
    fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Responder {
    operations: Vec<&'static Operation>,
    behaviour: Arc<dyn Behaviour>,
    shared: Arc<Shared>,
}

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let now = self.shared.clock.now();
        if request.url.path() == "/__outbox" && request.method == http::Method::GET {
            let messages = json!(self.shared.outbox.messages());
            return Answer::json(200, messages).into_template(now, Duration::ZERO);
        }
        let Some(call) = Call::matching(&self.operations, request) else {
            let body = json!({"error": "no such endpoint"});
            return Answer::json(404, body).into_template(now, Duration::ZERO);
        };
        let id = call.operation.id;
        let (forced, delay) = {
            let mut control = self.shared.control();
            *control.counts.entry(id).or_default() += 1;
            let forced = control.forced.get_mut(id).and_then(VecDeque::pop_front);
            (forced, control.delays.get(id).copied().unwrap_or_default())
        };
        let answer = match forced {
            Some(status) => Answer::empty(status),
            None => self.behaviour.answer(&call),
        };
        let mut control = self.shared.control();
        if control.journal.len() == JOURNAL {
            control.journal.pop_front();
        }
        control.journal.push_back((id, answer.status()));
        drop(control);
        answer.into_template(now, delay)
    }
}
