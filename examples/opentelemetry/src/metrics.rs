//! An observer that records the events of a client as metrics.
//!
//! `http.client.request.duration` is that of OpenTelemetry's semantic conventions for HTTP clients, with
//! their unit, their buckets and their attributes. The other names are this example's own: the
//! conventions have none for retries, sessions and sign-ins.
//!
//! | metric | kind, unit | attributes |
//! |---|---|---|
//! | `http.client.request.duration` | histogram, s | `http.request.method`, `server.address`, `server.port`, `url.template`, `http.response.status_code`, `error.type` |
//! | `vestibule.call.duration` | histogram, s | `vestibule.system`, `vestibule.operation`, `error.type` |
//! | `vestibule.retries` | counter, {retry} | `vestibule.system`, `vestibule.operation`, `error.type` |
//! | `vestibule.retry_budget.left` | gauge, {retry} | `vestibule.system` |
//! | `vestibule.retry_budget.exhausted` | counter, {call} | `vestibule.system`, `vestibule.operation` |
//! | `vestibule.refresh.duration` | histogram, s | `vestibule.system`, `vestibule.outcome` |
//! | `vestibule.session.ends` | counter, {session} | `vestibule.system`, `vestibule.reason` |
//! | `vestibule.store.step.duration` | histogram, s | `vestibule.system`, `vestibule.store.method`, `error.type` |
//! | `vestibule.challenge.progress` | counter, {event} | `vestibule.system`, `vestibule.challenge.step`, `vestibule.challenge.progress` |
//!
//! Attributes have few values each: no session, challenge or user is one.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};
use vestibule::{Event, Observer};

/// The buckets that the conventions advise for the duration of HTTP requests, in seconds.
pub const HTTP_BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// The buckets that they advise for operations of databases, in seconds.
const STORE_BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The instruments. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    request_duration: Histogram<f64>,
    call_duration: Histogram<f64>,
    retries: Counter<u64>,
    retry_budget_left: Gauge<u64>,
    retry_budget_exhausted: Counter<u64>,
    refresh_duration: Histogram<f64>,
    session_ends: Counter<u64>,
    store_step_duration: Histogram<f64>,
    challenge_progress: Counter<u64>,
}

impl Metrics {
    /// Creates the instruments.
    pub fn new(meter: &Meter) -> Self {
        let histogram = |name, description, buckets: &[f64]| {
            let histogram = meter.f64_histogram(name).with_unit("s");
            let histogram = histogram.with_description(description);
            histogram.with_boundaries(buckets.to_vec()).build()
        };
        let counter = |name, unit, description| {
            let counter = meter.u64_counter(name).with_unit(unit);
            counter.with_description(description).build()
        };
        Self {
            request_duration: histogram(
                "http.client.request.duration",
                "Duration of HTTP client requests.",
                &HTTP_BUCKETS,
            ),
            call_duration: histogram(
                "vestibule.call.duration",
                "Duration of calls, with all their attempts.",
                &HTTP_BUCKETS,
            ),
            retries: counter(
                "vestibule.retries",
                "{retry}",
                "Attempts that followed a failed one.",
            ),
            retry_budget_left: meter
                .u64_gauge("vestibule.retry_budget.left")
                .with_unit("{retry}")
                .with_description(
                    "Retries that the budget of a client had left after the last one.",
                )
                .build(),
            retry_budget_exhausted: counter(
                "vestibule.retry_budget.exhausted",
                "{call}",
                "Calls that failed because the retry budget was exhausted.",
            ),
            refresh_duration: histogram(
                "vestibule.refresh.duration",
                "Duration of refreshes of sessions.",
                &HTTP_BUCKETS,
            ),
            session_ends: counter(
                "vestibule.session.ends",
                "{session}",
                "Sessions that have ended on this instance.",
            ),
            store_step_duration: histogram(
                "vestibule.store.step.duration",
                "Duration of steps of the session store.",
                &STORE_BUCKETS,
            ),
            challenge_progress: counter(
                "vestibule.challenge.progress",
                "{event}",
                "Messages sent, wrong codes, locked challenges and confirmed codes.",
            ),
        }
    }
}

impl Observer for Metrics {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::Attempt {
                method,
                url_template,
                server_address,
                server_port,
                status,
                error_type,
                elapsed,
                ..
            } => {
                let mut attributes = vec![
                    text("http.request.method", method.as_str()),
                    text("server.address", server_address),
                    KeyValue::new("server.port", i64::from(*server_port)),
                    text("url.template", url_template),
                ];
                if let Some(status) = status {
                    let status = i64::from(status.as_u16());
                    attributes.push(KeyValue::new("http.response.status_code", status));
                }
                attributes.extend(error_type.map(|error| text("error.type", error)));
                self.request_duration
                    .record(elapsed.as_secs_f64(), &attributes);
            }
            Event::Call {
                system,
                operation,
                error,
                elapsed,
                ..
            } => {
                let mut attributes = vec![
                    text("vestibule.system", system.as_str()),
                    text("vestibule.operation", operation),
                ];
                attributes.extend(error.map(|error| text("error.type", error.error_type())));
                self.call_duration
                    .record(elapsed.as_secs_f64(), &attributes);
            }
            Event::Retry {
                system,
                operation,
                reason,
                budget_left,
                ..
            } => {
                let system = text("vestibule.system", system.as_str());
                let operation = text("vestibule.operation", operation);
                let attributes = [system.clone(), operation, text("error.type", reason)];
                self.retries.add(1, &attributes);
                self.retry_budget_left
                    .record(u64::from(*budget_left), &[system]);
            }
            Event::RetryBudgetExhausted {
                system, operation, ..
            } => {
                let system = text("vestibule.system", system.as_str());
                let attributes = [system.clone(), text("vestibule.operation", operation)];
                self.retry_budget_exhausted.add(1, &attributes);
                self.retry_budget_left.record(0, &[system]);
            }
            Event::Refresh {
                system,
                outcome,
                elapsed,
                ..
            } => {
                let attributes = [
                    text("vestibule.system", system.as_str()),
                    text("vestibule.outcome", outcome.as_str()),
                ];
                self.refresh_duration
                    .record(elapsed.as_secs_f64(), &attributes);
            }
            Event::SessionEnded { system, reason, .. } => {
                let attributes = [
                    text("vestibule.system", system.as_str()),
                    text("vestibule.reason", reason.as_str()),
                ];
                self.session_ends.add(1, &attributes);
            }
            Event::StoreStep {
                system,
                method,
                error,
                elapsed,
                ..
            } => {
                let mut attributes = vec![
                    text("vestibule.system", system.as_str()),
                    text("vestibule.store.method", method.as_str()),
                ];
                attributes.extend(error.map(|error| text("error.type", error.error_type())));
                self.store_step_duration
                    .record(elapsed.as_secs_f64(), &attributes);
            }
            Event::Challenge {
                system,
                step,
                progress,
                ..
            } => {
                let attributes = [
                    text("vestibule.system", system.as_str()),
                    text("vestibule.challenge.step", step),
                    text("vestibule.challenge.progress", progress.as_str()),
                ];
                self.challenge_progress.add(1, &attributes);
            }
            // The enum is non-exhaustive.
            _ => {}
        }
    }
}

fn text(name: &'static str, value: &str) -> KeyValue {
    KeyValue::new(name, value.to_owned())
}
