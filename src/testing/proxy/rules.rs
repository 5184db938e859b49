//! Which fault befalls which request, and what arrived.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault::Fault;

/// How many arrivals are kept.
const KEPT: usize = 10_000;

/// A fault with the requests that it befalls.
#[derive(Clone, Debug)]
pub struct FaultRule {
    fault: Fault,
    path_end: Option<String>,
    left: Option<usize>,
}

impl FaultRule {
    /// A fault of every request, until the proxy is reset.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            path_end: None,
            left: None,
        }
    }

    /// Only of requests whose path ends like this.
    pub fn on(mut self, path_end: impl Into<String>) -> Self {
        self.path_end = Some(path_end.into());
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
pub(super) struct Rules(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<FaultRule>,
    arrivals: VecDeque<Arrival>,
    connections: usize,
}

impl Rules {
    pub(super) fn add(&self, rule: FaultRule) {
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
            blind && rule.path_end.is_none()
        })
    }

    /// The fault of a request, which is written down.
    pub(super) fn take_for(&self, method: &str, path: &str) -> Option<Fault> {
        let fault = self.take(|rule| {
            rule.path_end
                .as_ref()
                .is_none_or(|path_end| path.ends_with(path_end))
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
