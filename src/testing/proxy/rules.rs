//! Which fault befalls which request, and what arrived.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault::Fault;
use crate::pipeline::Operation;
use crate::testing::call::path_values;

/// How many arrivals are kept.
const KEPT: usize = 10_000;

/// A fault with the requests that it befalls.
#[derive(Clone, Debug)]
pub struct FaultRule {
    fault: Fault,
    path_end: Option<String>,
    operation: Option<String>,
    left: Option<usize>,
}

impl FaultRule {
    /// A fault of every request, until the proxy is reset.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            path_end: None,
            operation: None,
            left: None,
        }
    }

    /// Only of requests whose path ends like this.
    pub fn on(mut self, path_end: impl Into<String>) -> Self {
        self.path_end = Some(path_end.into());
        self
    }

    /// Only of the requests for this operation, by its id. It is for proxies that a mock started.
    pub fn on_operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Only this often.
    pub fn times(mut self, times: usize) -> Self {
        self.left = Some(times);
        self
    }
}

/// A request that arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arrival {
    /// The method.
    pub method: String,
    /// The path as it was sent, without the query.
    pub path: String,
    /// Whether the server behind the proxy got it.
    pub processed: bool,
}

/// The rules and the journal of one proxy.
#[derive(Debug, Default)]
pub(super) struct Rules {
    operations: Vec<&'static Operation>,
    /// Lines of the heads of all answers that the proxy makes.
    headers: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<FaultRule>,
    arrivals: VecDeque<Arrival>,
    connections: usize,
}

impl Rules {
    pub(super) fn new(
        operations: Vec<&'static Operation>,
        headers: Vec<(&'static str, String)>,
    ) -> Self {
        let lines = headers.into_iter();
        Self {
            operations,
            headers: lines
                .map(|(name, value)| format!("{name}: {value}\r\n"))
                .collect(),
            state: Mutex::default(),
        }
    }

    pub(super) fn headers(&self) -> &str {
        &self.headers
    }

    #[track_caller]
    pub(super) fn add(&self, rule: FaultRule) {
        let operation = rule.operation.as_deref().unwrap_or_default();
        let is_known = self.operations.iter().any(|known| known.id == operation);
        assert!(
            rule.operation.is_none() || is_known,
            "the server behind this proxy has no operation `{operation}`",
        );
        self.lock().rules.push(rule);
    }

    pub(super) fn reset(&self) {
        *self.lock() = State::default();
    }

    pub(super) fn count_connection(&self) {
        self.lock().connections += 1;
    }

    pub(super) fn connections(&self) -> usize {
        self.lock().connections
    }

    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        self.lock().arrivals.iter().cloned().collect()
    }

    /// The fault of a connection whose request nobody has read yet, if it is one that does not wait
    /// for that.
    pub(super) fn take_before_request(&self) -> Option<Fault> {
        self.take(|rule| {
            let blind = matches!(
                rule.fault,
                Fault::ResetBeforeRequest | Fault::ResetDuringRequest | Fault::TlsFailure
            );
            blind && rule.path_end.is_none() && rule.operation.is_none()
        })
    }

    /// The fault of a request, which is written down.
    pub(super) fn take_for(&self, method: &str, path: &str) -> Option<Fault> {
        let fault = self.take(|rule| {
            let ends = |path_end: &String| path.ends_with(path_end);
            let calls = |operation: &String| self.is_for(operation, method, path);
            rule.path_end.as_ref().is_none_or(ends) && rule.operation.as_ref().is_none_or(calls)
        });
        let mut state = self.lock();
        if state.arrivals.len() == KEPT {
            state.arrivals.pop_front();
        }
        state.arrivals.push_back(Arrival {
            method: method.to_owned(),
            path: path.to_owned(),
            processed: fault.as_ref().is_none_or(Fault::is_processed),
        });
        fault
    }

    fn is_for(&self, operation: &str, method: &str, path: &str) -> bool {
        let mut operations = self.operations.iter();
        operations
            .find(|known| known.method == method && path_values(&known.path, path).is_some())
            .is_some_and(|known| known.id == operation)
    }

    fn take(&self, fits: impl Fn(&FaultRule) -> bool) -> Option<Fault> {
        let mut state = self.lock();
        let rule = state
            .rules
            .iter_mut()
            .find(|rule| rule.left != Some(0) && fits(rule))?;
        if let Some(left) = &mut rule.left {
            *left -= 1;
        }
        Some(rule.fault.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
