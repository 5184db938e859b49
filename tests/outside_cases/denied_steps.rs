//! Flows in which the server denies each request once, by a body that says no beside a success status.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use vestibule::challenge::StepError;
use vestibule::{Error, ErrorKind};
use wiremock::{Match, Mock, Request, ResponseTemplate};

use super::denials::success_members;
use crate::support::documents::Document;

/// A step that failed: the state as the error returned it, and the error.
pub type Failed<S> = (S, Error);

/// The state of a step that has one.
pub fn state<S>(failed: StepError<S>) -> Failed<S> {
    (failed.state, failed.error)
}

/// The flows of a system, and what was denied in them.
pub struct Denials {
    operations: Arc<Vec<Operation>>,
    next: Arc<Mutex<Next>>,
    pub flows: usize,
    pub denied: usize,
    pub denied_operations: BTreeSet<String>,
}

/// An operation whose response has a member that can say no.
struct Operation {
    id: String,
    method: String,
    path: String,
}

/// Which of the next requests is denied.
#[derive(Default)]
struct Next {
    /// The requests before it.
    before: Option<usize>,
    denied: Option<String>,
}

/// Matches the request that is to be denied.
struct IsNext {
    operations: Arc<Vec<Operation>>,
    next: Arc<Mutex<Next>>,
}

impl Match for IsNext {
    fn matches(&self, request: &Request) -> bool {
        let mut operations = self.operations.iter();
        let Some(operation) = operations.find(|operation| operation.is(request)) else {
            return false;
        };
        let mut next = self.next.lock().unwrap();
        match next.before {
            None => false,
            Some(0) => {
                *next = Next {
                    before: None,
                    denied: Some(operation.id.clone()),
                };
                true
            }
            Some(before) => {
                next.before = Some(before - 1);
                false
            }
        }
    }
}

impl Operation {
    fn is(&self, request: &Request) -> bool {
        let described: Vec<_> = self.path.split('/').skip(1).collect();
        let sent: Vec<_> = request.url.path().split('/').skip(1).collect();
        // The paths of some systems have a prefix.
        let Some(prefix) = sent.len().checked_sub(described.len()) else {
            return false;
        };
        let mut segments = described.iter().zip(&sent[prefix..]);
        request.method.as_str() == self.method
            && segments.all(|(described, sent)| described.starts_with('{') || described == sent)
    }
}

impl Denials {
    pub fn of(document: &str) -> Self {
        let document = Document::read(&document);
        let operations = document.operations().into_iter();
        let operations = operations.filter(|it| !success_members(&document, it).is_empty());
        let operations = operations.map(|it| Operation {
            id: it.id().to_owned(),
            method: it.method.to_uppercase(),
            path: it.path,
        });
        Self {
            operations: Arc::new(operations.collect()),
            next: Arc::default(),
            flows: 0,
            denied: 0,
            denied_operations: BTreeSet::new(),
        }
    }

    /// The operations that were never denied.
    pub fn missing(&self) -> Vec<&str> {
        let ids = self.operations.iter().map(|operation| &*operation.id);
        ids.filter(|id| !self.denied_operations.contains(*id))
            .collect()
    }

    /// What a mock of the next flow has to mount: the responses that deny.
    pub fn flow(&mut self) -> Mock {
        self.flows += 1;
        let is_next = IsNext {
            operations: self.operations.clone(),
            next: self.next.clone(),
        };
        let no = r#"{"success":false,"logout":false,"message":"not done"}"#;
        let response = ResponseTemplate::new(200)
            .insert_header("set-cookie", "mock.sid=of-a-denial; Path=/")
            .set_body_raw(no, "application/json");
        Mock::given(is_next).respond_with(response).with_priority(1)
    }

    /// Denies the request after so many others that can be denied.
    fn deny(&self, before: usize) {
        *self.next.lock().unwrap() = Next {
            before: Some(before),
            denied: None,
        };
    }

    /// The operation that was denied. None is denied any more.
    fn take_denied(&self) -> Option<String> {
        std::mem::take(&mut *self.next.lock().unwrap()).denied
    }

    /// Counts the error of a request that was denied.
    fn check(&mut self, name: &str, operation: String, error: &Error) {
        let kind = error.kind();
        assert_eq!(kind, ErrorKind::Rejected, "{name}, {operation}: {error}");
        assert_eq!(error.status().unwrap().as_u16(), 200, "{name}");
        assert_eq!(error.attempts(), 1, "{name}, {operation}");
        self.denied += 1;
        self.denied_operations.insert(operation);
    }

    /// Denies the first request of a step that is final, whatever the server says.
    pub async fn final_step<T>(
        &mut self,
        name: &str,
        step: impl Future<Output = Result<T, Error>>,
    ) {
        self.deny(0);
        let failed = step.await.err().expect("a denial");
        let operation = self.take_denied().expect("a request that can be denied");
        self.check(name, operation, &failed);
    }

    /// Runs a step of a flow until no request of it is left to be denied. Each denial fails the step, and
    /// the step is repeated in the state that the error returns.
    pub async fn step<S, T>(
        &mut self,
        name: &str,
        mut state: S,
        act: impl AsyncFn(S) -> Result<T, Failed<S>>,
    ) -> T {
        for request in 0.. {
            self.deny(request);
            let result = act(state).await;
            match (self.take_denied(), result) {
                (Some(operation), Err((returned, error))) => {
                    self.check(name, operation, &error);
                    state = returned;
                }
                (None, Ok(done)) => {
                    assert!(request > 0, "{name} makes no request that can be denied");
                    return done;
                }
                (Some(operation), Ok(_)) => panic!("{name} succeeds without {operation}"),
                (None, Err((_, error))) => panic!("{name}, repeated after a denial: {error}"),
            }
        }
        unreachable!("{name} makes requests without end")
    }

    /// The same for a call that has no state.
    pub async fn call<T>(&mut self, name: &str, act: impl AsyncFn() -> Result<T, Error>) -> T {
        let act = async |()| act().await.map_err(|error| ((), error));
        self.step(name, (), act).await
    }
}
