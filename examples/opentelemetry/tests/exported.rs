//! The exported spans of a sign-in, and what they must not contain.

use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry::{Key, Value};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};
use tracing_subscriber::util::SubscriberInitExt;
use vestibule_opentelemetry::metrics::Metrics;
use vestibule_opentelemetry::{sign_in, telemetry};

struct Exported {
    spans: Vec<SpanData>,
    secrets: Vec<String>,
}

async fn exported() -> Exported {
    let exporter = InMemorySpanExporter::default();
    let provider = telemetry::exporting_to(exporter.clone());
    let guard = telemetry::subscriber(&provider).set_default();
    let observer = Metrics::new(&SdkMeterProvider::default().meter("vestibule"));
    let outcome = sign_in::run(observer).await.unwrap();
    drop(guard);
    provider.force_flush().unwrap();
    Exported {
        spans: exporter.get_finished_spans().unwrap(),
        secrets: outcome.secrets,
    }
}

impl Exported {
    /// The spans with a name, in the order in which they ended.
    fn named(&self, name: &str) -> Vec<&SpanData> {
        let spans = self.spans.iter();
        spans.filter(|span| span.name == name).collect()
    }

    fn children(&self, parent: &SpanData) -> Vec<&SpanData> {
        let id = parent.span_context.span_id();
        let spans = self.spans.iter();
        spans.filter(|span| span.parent_span_id == id).collect()
    }
}

fn attribute<'a>(span: &'a SpanData, name: &'static str) -> Option<&'a Value> {
    let mut attributes = span.attributes.iter();
    let found = attributes.find(|attribute| attribute.key == Key::from_static_str(name));
    found.map(|attribute| &attribute.value)
}

#[track_caller]
fn assert_attributes(span: &SpanData, expected: &[(&'static str, Option<Value>)]) {
    for (name, value) in expected {
        assert_eq!(
            attribute(span, name),
            value.as_ref(),
            "{name} of {}",
            span.name
        );
    }
}

fn text(value: &'static str) -> Option<Value> {
    Some(Value::from(value))
}

fn number(value: i64) -> Option<Value> {
    Some(Value::I64(value))
}

#[tokio::test]
async fn a_call_has_its_attempts_as_children_with_their_outcomes() {
    let exported = exported().await;
    let [call, _without_retries] = exported.named("wunder resolve_branch")[..] else {
        panic!("expected two calls");
    };
    assert_eq!(
        (&call.span_kind, &call.status),
        (&SpanKind::Internal, &Status::Unset)
    );
    assert_eq!(call.parent_span_id, SpanId::INVALID);
    let described = [
        ("system", text("wunder")),
        ("operation", text("resolve_branch")),
        ("http.request.method", text("GET")),
        ("url.template", text("/{tenant}/front/branches/resolve")),
        ("server.address", text("127.0.0.1")),
    ];
    assert_attributes(call, &described);
    let outcome = [
        ("http.response.status_code", number(200)),
        ("http.request.resend_count", number(1)),
        ("error.type", None),
    ];
    assert_attributes(call, &outcome);

    let attempts = exported.children(call);
    let [failed, repeated] = attempts[..] else {
        panic!("{} attempts", attempts.len());
    };
    for attempt in [failed, repeated] {
        assert_eq!(attempt.name, "GET /{tenant}/front/branches/resolve");
        assert_eq!(attempt.span_kind, SpanKind::Client);
        assert_eq!(
            attempt.span_context.trace_id(),
            call.span_context.trace_id()
        );
        assert_attributes(attempt, &described);
        assert!(
            matches!(
                attribute(attempt, "server.port"),
                Some(Value::I64(1..=65_535))
            ),
            "{attempt:?}"
        );
    }
    assert_eq!(failed.status, Status::error(""));
    let outcome = [
        ("http.response.status_code", number(503)),
        ("http.request.resend_count", None),
        ("error.type", text("503")),
    ];
    assert_attributes(failed, &outcome);
    assert_eq!(repeated.status, Status::Unset);
    let outcome = [
        ("http.response.status_code", number(200)),
        ("http.request.resend_count", number(1)),
        ("error.type", None),
    ];
    assert_attributes(repeated, &outcome);

    let [retry] = &call.events[..] else {
        panic!("{:?}", call.events);
    };
    assert_eq!(retry.name, "retry");
    let reason = retry
        .attributes
        .iter()
        .find(|it| it.key.as_str() == "reason");
    assert_eq!(reason.unwrap().value, Value::from("503"));
}

#[tokio::test]
async fn a_call_that_fails_is_an_error() {
    let exported = exported().await;
    let calls = exported.named("wunder sign_in_phone_number");
    let [refused, accepted, ..] = calls[..] else {
        panic!("{} calls", calls.len());
    };
    let status = attribute(refused, "error.type").unwrap().as_str();
    assert!(status.starts_with('4'), "{status}");
    for span in [refused, exported.children(refused)[0]] {
        assert_eq!(span.status, Status::error(""));
        assert_eq!(attribute(span, "error.type").unwrap().as_str(), status);
    }
    for span in [accepted, exported.children(accepted)[0]] {
        assert_eq!(span.status, Status::Unset);
    }
}

/// Many calls may wait for one refresh, so its span has no parent: it links to the call that started
/// it.
#[tokio::test]
async fn a_refresh_is_a_separate_trace_with_a_link_to_its_cause() {
    let exported = exported().await;
    let [refresh] = exported.named("wunder refresh")[..] else {
        panic!("expected one refresh");
    };
    assert_eq!(refresh.parent_span_id, SpanId::INVALID);
    assert_eq!(
        (&refresh.span_kind, &refresh.status),
        (&SpanKind::Internal, &Status::Unset)
    );
    let profiles = exported.named("wunder get_customer");
    let cause = profiles.last().unwrap();
    let [link] = &refresh.links[..] else {
        panic!("{:?}", refresh.links);
    };
    assert_eq!(link.span_context.span_id(), cause.span_context.span_id());
    assert_eq!(link.span_context.trace_id(), cause.span_context.trace_id());

    let [call] = exported.children(refresh)[..] else {
        panic!("expected one call");
    };
    assert_eq!(call.name, "wunder refresh_token");
    let [attempt] = exported.children(call)[..] else {
        panic!("expected one attempt");
    };
    assert_eq!(attempt.span_kind, SpanKind::Client);
    assert_attributes(attempt, &[("http.response.status_code", number(200))]);
}

#[tokio::test]
async fn no_span_contains_a_number_a_code_or_a_token() {
    let exported = exported().await;
    assert!(exported.secrets.len() == 8 && !exported.secrets.contains(&String::new()));
    let everything = format!("{:?}", exported.spans);
    assert!(
        everything.contains("refresh_token"),
        "the spans are not empty"
    );
    for secret in &exported.secrets {
        assert!(
            !everything.contains(secret.as_str()),
            "{secret} is exported"
        );
    }
}
