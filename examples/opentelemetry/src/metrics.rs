//! An observer that counts events, without a dependency.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use vestibule::{Event, Observer};

/// Counts events by kind, system, operation and outcome, which are the labels of a counter in a metrics
/// library. Clones share their counts.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<BTreeMap<String, u64>>>);

impl Metrics {
    /// Returns the counts.
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
            Event::SessionEnded { system, reason, .. } => {
                format!("session ended {system}: {reason}")
            }
            Event::ClockSkew {
                system, corrected, ..
            } => format!("clock skew {system} corrected={corrected}"),
            Event::CookiesIgnored { system, issue, .. } => {
                format!("cookies ignored {system}: {}", issue.as_str())
            }
            // The enum is non-exhaustive.
            _ => "other".to_owned(),
        });
    }
}
