//! The requests that a mock received, without their secrets.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use http::HeaderMap;

use crate::pipeline::Operation;

/// How many requests are kept; calls are counted without limit.
const MAX_REQUESTS: usize = 1_000;

/// How many of the newest requests a message shows.
const MAX_SHOWN: usize = 50;

/// A request that a mock received. What it shows contains no code, token or address; only
/// [`header`](Self::header) returns what the client sent.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The called operation; `None` for an unknown endpoint.
    pub operation: Option<&'static str>,
    /// The method.
    pub method: String,
    /// The documented path with its parameters in braces. For an unknown endpoint: the path with
    /// `…` in place of every segment that no documented path has.
    pub path: String,
    /// The status of the response.
    pub status: u16,
    /// The time, by the clock of the mock.
    pub at: DateTime<Utc>,
    pub(super) headers: HeaderMap,
}

impl RecordedRequest {
    /// The value of a header, such as one that [`CallOptions::header`](crate::CallOptions::header)
    /// added.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordedRequest({self})")
    }
}

impl fmt::Display for RecordedRequest {
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

/// The calls and requests of one mock.
#[derive(Default)]
pub(super) struct Journal {
    counts: HashMap<&'static str, usize>,
    requests: VecDeque<RecordedRequest>,
    total: usize,
}

impl Journal {
    /// Counts a call. This happens before the response, so that a waiting test sees it early.
    pub(super) fn count(&mut self, operation: &'static str) {
        *self.counts.entry(operation).or_default() += 1;
    }

    pub(super) fn calls(&self, operation: &str) -> usize {
        self.counts.get(operation).copied().unwrap_or_default()
    }

    pub(super) fn record(&mut self, request: RecordedRequest) {
        if self.requests.len() == MAX_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
        self.total += 1;
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = &RecordedRequest> {
        self.requests.iter()
    }

    /// The requests, oldest first, each with its number: the first of all has 1.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (usize, &RecordedRequest)> {
        let first = self.total - self.requests.len() + 1;
        (first..).zip(&self.requests)
    }

    /// Forgets the requests, but not how often each operation was called.
    pub(super) fn clear_requests(&mut self) {
        self.requests.clear();
    }

    /// The newest requests, one per line.
    pub(super) fn text(&self) -> String {
        if self.total == 0 {
            return "It received no requests.".to_owned();
        }
        let shown = self.requests.len().min(MAX_SHOWN);
        let omitted = self.total - shown;
        let mut text = "The received requests, oldest first:".to_owned();
        if omitted > 0 {
            text.push_str(&format!("\n  ({omitted} older requests omitted)"));
        }
        for (index, request) in self.requests.iter().rev().take(shown).rev().enumerate() {
            text.push_str(&format!("\n  {}. {request}", omitted + index + 1));
        }
        text
    }
}

/// A path in which `…` replaces every segment that no documented path has, because it may be a
/// secret.
pub(super) fn redacted_path(operations: &[&'static Operation], path: &str) -> String {
    let is_documented = |segment: &str| {
        let mut templates = operations.iter().map(|operation| operation.path.as_ref());
        templates.any(|template| template.split('/').any(|known| known == segment))
    };
    let segments = path.split('/').map(|segment| match is_documented(segment) {
        true => segment,
        false => "…",
    });
    segments.collect::<Vec<_>>().join("/")
}
