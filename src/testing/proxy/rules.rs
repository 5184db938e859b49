//! The rules of a proxy and the requests that it received.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault::Fault;
use crate::pipeline::Operation;
use crate::testing::call::path_values;

/// How many requests are kept.
const MAX_REQUESTS: usize = 10_000;

/// A fault and the requests that it applies to.
#[derive(Clone, Debug)]
#[must_use = "it has no effect before `FaultProxy::inject`"]
pub struct FaultRule {
    fault: Fault,
    path_suffix: Option<String>,
    operation: Option<String>,
    remaining: Option<usize>,
}

impl FaultRule {
    /// Applies a fault to every request, until the proxy is reset.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            path_suffix: None,
            operation: None,
            remaining: None,
        }
    }

    /// Only applies to requests whose path has this suffix.
    pub fn on(mut self, path_suffix: impl Into<String>) -> Self {
        self.path_suffix = Some(path_suffix.into());
        self
    }

    /// Only applies to requests for the operation with this id. Requires a proxy that a mock started.
    pub fn on_operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    pub(crate) fn fault(&self) -> &Fault {
        &self.fault
    }

    pub(crate) fn operation(&self) -> Option<&str> {
        self.operation.as_deref()
    }

    /// How many more times it applies; `None` if without limit.
    pub(crate) fn remaining(&self) -> Option<usize> {
        self.remaining
    }

    /// Only applies this many times.
    pub fn times(mut self, times: usize) -> Self {
        self.remaining = Some(times);
        self
    }
}

/// A request that a proxy received completely.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxiedRequest {
    /// The method.
    pub method: String,
    /// The path as sent, without the query.
    pub path: String,
    /// Whether the proxy forwarded it to the server.
    pub forwarded: bool,
}

/// The rules and the recorded requests of one proxy.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    operations: Vec<&'static Operation>,
    /// Header lines for the responses of the proxy itself.
    headers: String,
    state: Mutex<State>,
}

/// A rule, and how often it was applied.
#[derive(Debug)]
struct Injected {
    rule: FaultRule,
    applied: usize,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Injected>,
    requests: VecDeque<ProxiedRequest>,
    connections: usize,
}

impl Rules {
    pub(crate) fn new(
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

    /// The rules, oldest first, each with the number of requests that it was applied to.
    pub(crate) fn injected(&self) -> Vec<(FaultRule, usize)> {
        let state = self.lock();
        let rules = state.rules.iter();
        rules.map(|it| (it.rule.clone(), it.applied)).collect()
    }

    pub(super) fn headers(&self) -> &str {
        &self.headers
    }

    #[track_caller]
    pub(crate) fn add(&self, rule: FaultRule) {
        let operation = rule.operation.as_deref().unwrap_or_default();
        let is_known = self.operations.iter().any(|known| known.id == operation);
        assert!(
            rule.operation.is_none() || is_known,
            "the server behind this proxy has no operation `{operation}`",
        );
        self.lock().rules.push(Injected { rule, applied: 0 });
    }

    pub(crate) fn reset(&self) {
        *self.lock() = State::default();
    }

    pub(super) fn count_connection(&self) {
        self.lock().connections += 1;
    }

    pub(super) fn connections(&self) -> usize {
        self.lock().connections
    }

    pub(super) fn requests(&self) -> Vec<ProxiedRequest> {
        self.lock().requests.iter().cloned().collect()
    }

    /// The fault of a connection before its request is read, if a rule applies to all requests and
    /// its fault does not need the request.
    pub(super) fn take_before_request(&self) -> Option<Fault> {
        self.take(|rule| {
            let is_early = matches!(
                rule.fault,
                Fault::ResetBeforeRequest | Fault::ResetDuringRequest | Fault::TlsFailure
            );
            is_early && rule.path_suffix.is_none() && rule.operation.is_none()
        })
    }

    /// Records a request and returns its fault.
    pub(super) fn take_for(&self, method: &str, path: &str) -> Option<Fault> {
        let fault = self.take(|rule| {
            let has_suffix = |path_suffix: &String| path.ends_with(path_suffix);
            let is_operation = |operation: &String| self.matches_operation(operation, method, path);
            rule.path_suffix.as_ref().is_none_or(has_suffix)
                && rule.operation.as_ref().is_none_or(is_operation)
        });
        let mut state = self.lock();
        if state.requests.len() == MAX_REQUESTS {
            state.requests.pop_front();
        }
        state.requests.push_back(ProxiedRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            forwarded: fault.as_ref().is_none_or(Fault::is_forwarded),
        });
        fault
    }

    fn matches_operation(&self, operation: &str, method: &str, path: &str) -> bool {
        let mut operations = self.operations.iter();
        operations
            .find(|known| known.method == method && path_values(&known.path, path).is_some())
            .is_some_and(|known| known.id == operation)
    }

    fn take(&self, matches: impl Fn(&FaultRule) -> bool) -> Option<Fault> {
        let mut state = self.lock();
        let mut rules = state.rules.iter_mut();
        let injected = rules.find(|it| it.rule.remaining != Some(0) && matches(&it.rule))?;
        if let Some(remaining) = &mut injected.rule.remaining {
            *remaining -= 1;
        }
        injected.applied += 1;
        Some(injected.rule.fault.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
