//! The spans of calls and attempts, with OpenTelemetry's attribute names for HTTP clients.
//!
//! A span holds the documented path, not the requested one, and the host, but no query. Integers are
//! signed because tracing-opentelemetry exports unsigned ones as strings.

use std::future::poll_fn;
use std::pin::Pin;

use http::StatusCode;
use tracing::field::{Empty, display};
use tracing::{Span, info_span};

use super::Pipeline;
use super::operation::Operation;
use crate::error::Error;

/// A span with the attributes that calls and attempts share.
macro_rules! span {
    ($name:literal, $kind:literal, $shown:expr, $pipeline:ident, $operation:ident) => {
        info_span!(
            $name,
            otel.name = %$shown,
            otel.kind = $kind,
            otel.status_code = Empty,
            system = %$pipeline.rules.system(),
            operation = $operation.id,
            http.request.method = $operation.method.as_str(),
            url.template = &*$operation.path,
            server.address = $pipeline.base.host(),
            server.port = i64::from($pipeline.base.port()),
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            error.type = Empty,
        )
    };
}

/// The span of one call, over all its attempts.
pub(super) fn call(pipeline: &Pipeline, operation: &Operation) -> Span {
    let shown = format_args!("{} {}", pipeline.rules.system(), operation.id);
    span!("vestibule.call", "internal", shown, pipeline, operation)
}

/// The span of one attempt: one HTTP request.
pub(super) fn attempt(pipeline: &Pipeline, operation: &Operation, resends: u32) -> Span {
    let shown = format_args!("{} {}", operation.method, operation.path);
    let span = span!("vestibule.attempt", "client", shown, pipeline, operation);
    record_resends(&span, resends);
    span
}

/// Polls a future within a span. Unlike `Instrument`, it does not move the future.
pub(super) fn within<F: Future>(
    span: &Span,
    mut future: Pin<&mut F>,
) -> impl Future<Output = F::Output> {
    poll_fn(move |context| {
        let _entered = span.enter();
        future.as_mut().poll(context)
    })
}

/// Records the number of resends; OpenTelemetry's conventions omit zero.
pub(super) fn record_resends(span: &Span, resends: u32) {
    if resends > 0 {
        span.record("http.request.resend_count", i64::from(resends));
    }
}

/// Records the status and the error of a call or an attempt.
pub(super) fn record_outcome(span: &Span, status: Option<StatusCode>, error: Option<&Error>) {
    if let Some(status) = status {
        span.record("http.response.status_code", i64::from(status.as_u16()));
    }
    if let Some(error) = error {
        span.record("error.type", display(error.error_type()));
        span.record("otel.status_code", "ERROR");
    }
}
