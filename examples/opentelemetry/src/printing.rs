//! An exporter that prints one block per span when the span ends.

use std::fmt::{self, Display};
use std::io::{self, Write};

use opentelemetry::trace::SpanId;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// Prints to standard output.
#[derive(Debug)]
pub struct Printing;

impl SpanExporter for Printing {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut out = io::stdout().lock();
        for span in &batch {
            writeln!(out, "{}", Shown(span))
                .map_err(|error| OTelSdkError::InternalFailure(error.to_string()))?;
        }
        Ok(())
    }
}

struct Shown<'a>(&'a SpanData);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.0;
        let id = span.span_context.span_id();
        write!(f, "{} [{:?}] {id}", span.name, span.span_kind)?;
        if span.parent_span_id != SpanId::INVALID {
            write!(f, " in {}", span.parent_span_id)?;
        }
        for link in span.links.iter() {
            write!(f, " because of {}", link.span_context.span_id())?;
        }
        writeln!(f, " {:?}", span.status)?;
        for attribute in &span.attributes {
            writeln!(f, "    {} = {}", attribute.key, attribute.value)?;
        }
        for event in span.events.iter() {
            write!(f, "    event {}:", event.name)?;
            for attribute in &event.attributes {
                write!(f, " {}={}", attribute.key, attribute.value)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
