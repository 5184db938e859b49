//! The same facts as numbers: an observer that counts, with no dependency at all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use vestibule::{Event, Observer};

/// Counts by what happened, at which system and operation, and with which outcome: the labels of a
/// counter in any library of metrics. Clones count together.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<BTreeMap<String, u64>>>);

impl Metrics {
    /// What was counted so far.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn count(&self, name: String) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(name).or_default() += 1;
    }
}

impl Observer for Metrics {
    fn observe(&self, event: &Event<'_>) {
        self.count(match event {
            Event::Attempt {
                system,
                operation,
                error_type,
                ..
            } => format!(
                "attempt {system} {operation} {}",
                error_type.unwrap_or("ok")
            ),
            Event::Call {
                system,
                operation,
                error,
                ..
            } => {
                let outcome = error.map_or("ok", |error| error.error_type());
                format!("call {system} {operation} {outcome}")
            }
            Event::Retry {
                system,
                operation,
                reason,
                ..
            } => format!("retry {system} {operation} {reason}"),
            Event::RetryBudgetExhausted {
                system, operation, ..
            } => format!("retry budget exhausted {system} {operation}"),
            Event::Refresh {
                system, outcome, ..
            } => format!("refresh {system} {outcome:?}"),
            Event::SessionEnded { system, why, .. } => format!("session ended {system}: {why}"),
            Event::ClockSkew {
                system, corrected, ..
            } => format!("clock skew {system} corrected={corrected}"),
            // A later version of the crate may tell more.
            _ => "other".to_owned(),
        });
    }
}
