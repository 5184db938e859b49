//! The requests that a mock got, without what is secret in them.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::pipeline::Operation;

/// How many requests are kept in order; counts are kept for all.
const KEPT: usize = 1_000;

/// How many of the newest requests a message shows.
const SHOWN: usize = 50;

/// A request that a mock got. Shown in a message, it gives away no code, token or address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeenRequest {
    /// The operation that it called; nothing if there is no such endpoint.
    pub operation: Option<&'static str>,
    /// The method.
    pub method: String,
    /// The documented path with its parameters in braces. Of an endpoint that there is not: the
    /// path, where `…` stands for the parts that no documented path has.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// When, by the clock of the mock.
    pub at: DateTime<Utc>,
}

impl fmt::Display for SeenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let Self {
            method,
            path,
            status,
            ..
        } = self;
        match self.operation {
            Some(operation) => write!(f, "{at} {operation}: {method} {path} -> {status}"),
            None => write!(f, "{at} no such endpoint: {method} {path} -> {status}"),
        }
    }
}

/// What one mock got.
#[derive(Default)]
pub(super) struct Journal {
    counts: HashMap<&'static str, usize>,
    requests: VecDeque<SeenRequest>,
    all: usize,
}

impl Journal {
    /// Counts a call before it is answered, so that a test that waits for it sees it early.
    pub(super) fn count(&mut self, operation: &'static str) {
        *self.counts.entry(operation).or_default() += 1;
    }

    pub(super) fn counted(&self, operation: &str) -> usize {
        self.counts.get(operation).copied().unwrap_or_default()
    }

    pub(super) fn write(&mut self, request: SeenRequest) {
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
        self.all += 1;
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = &SeenRequest> {
        self.requests.iter()
    }

    /// The newest requests, a line each.
    pub(super) fn text(&self) -> String {
        if self.all == 0 {
            return "It got no request.".to_owned();
        }
        let shown = self.requests.len().min(SHOWN);
        let left_out = self.all - shown;
        let mut text = "The requests that it got, oldest first:".to_owned();
        if left_out > 0 {
            text.push_str(&format!("\n  ({left_out} older ones)"));
        }
        for (place, request) in self.requests.iter().rev().take(shown).rev().enumerate() {
            text.push_str(&format!("\n  {}. {request}", left_out + place + 1));
        }
        text
    }
}

/// A path without the parts that may be secret: only words of documented paths are shown.
pub(super) fn shown_path(operations: &[&'static Operation], path: &str) -> String {
    let is_documented = |segment: &str| {
        let mut templates = operations.iter().map(|operation| operation.path.as_ref());
        templates.any(|template| template.split('/').any(|known| known == segment))
    };
    let shown = path.split('/').map(|segment| match segment {
        segment if is_documented(segment) => segment,
        _ => "…",
    });
    shown.collect::<Vec<_>>().join("/")
}
