//! What a collector receives by OTLP of a sign-in: metrics with their names and units, spans, and no
//! secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use opentelemetry::metrics::MeterProvider;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point;
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, Metric, NumberDataPoint};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use tracing_subscriber::util::SubscriberInitExt;
use vestibule_opentelemetry::metrics::{HTTP_BUCKETS, Metrics};
use vestibule_opentelemetry::sign_in::{self, Outcome};
use vestibule_opentelemetry::telemetry;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A collector that keeps what it receives.
struct Collector(MockServer);

impl Collector {
    async fn start() -> Self {
        let server = MockServer::start().await;
        let accepts = Mock::given(method("POST"));
        let accepts = accepts.respond_with(ResponseTemplate::new(200));
        accepts.mount(&server).await;
        Self(server)
    }

    /// The bodies of the requests to a path.
    async fn received(&self, path: &str) -> Vec<Vec<u8>> {
        let requests = self.0.received_requests().await.unwrap().into_iter();
        let requests = requests.filter(|request| request.url.path() == path);
        let bodies = requests.map(|request| {
            let kind = request.headers.get("content-type").unwrap();
            assert_eq!(kind, "application/x-protobuf");
            request.body
        });
        bodies.collect()
    }
}

struct Exported {
    outcome: Outcome,
    metrics: BTreeMap<String, Metric>,
    spans: Vec<Span>,
    bytes: Vec<u8>,
}

async fn exported() -> Exported {
    let collector = Collector::start().await;
    let (spans, metrics) = telemetry::otlp(&collector.0.uri()).unwrap();
    let guard = telemetry::subscriber(&spans).set_default();
    let observer = Metrics::new(&metrics.meter("vestibule"));
    let outcome = sign_in::run(observer).await.unwrap();
    drop(guard);
    spans.shutdown().unwrap();
    metrics.shutdown().unwrap();
    let metrics = collector.received("/v1/metrics").await;
    let spans = collector.received("/v1/traces").await;
    Exported {
        outcome,
        metrics: metrics_of(metrics.last().expect("an export")),
        spans: spans.iter().flat_map(|body| spans_of(body)).collect(),
        bytes: [metrics.concat(), spans.concat()].concat(),
    }
}

/// The metrics of an export, which have the sums since the start.
fn metrics_of(body: &[u8]) -> BTreeMap<String, Metric> {
    let export = ExportMetricsServiceRequest::decode(body).unwrap();
    let scopes = export.resource_metrics.into_iter();
    let scopes = scopes.flat_map(|resource| resource.scope_metrics);
    let metrics = scopes.flat_map(|scope| scope.metrics);
    metrics
        .map(|metric| (metric.name.clone(), metric))
        .collect()
}

fn spans_of(body: &[u8]) -> Vec<Span> {
    let export = ExportTraceServiceRequest::decode(body).unwrap();
    let scopes = export.resource_spans.into_iter();
    let scopes = scopes.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

type Attributes = BTreeMap<String, String>;

fn attributes(attributes: &[KeyValue]) -> Attributes {
    let texts = attributes.iter().map(|attribute| {
        let value = attribute.value.as_ref().and_then(|it| it.value.as_ref());
        let text = match value {
            Some(Value::StringValue(text)) => text.clone(),
            Some(Value::IntValue(number)) => number.to_string(),
            other => panic!("{other:?} of {}", attribute.key),
        };
        (attribute.key.clone(), text)
    });
    texts.collect()
}

impl Exported {
    fn histogram(&self, name: &str) -> &[HistogramDataPoint] {
        match self.metrics[name].data.as_ref() {
            Some(Data::Histogram(histogram)) => &histogram.data_points,
            other => panic!("{name} is {other:?}"),
        }
    }

    fn numbers(&self, name: &str) -> &[NumberDataPoint] {
        match self.metrics[name].data.as_ref() {
            Some(Data::Sum(sum)) => {
                assert!(sum.is_monotonic, "{name} is a counter");
                &sum.data_points
            }
            Some(Data::Gauge(gauge)) => &gauge.data_points,
            other => panic!("{name} is {other:?}"),
        }
    }

    /// The number for each value of an attribute.
    fn by(&self, name: &str, attribute: &str) -> BTreeMap<String, i64> {
        let mut numbers = BTreeMap::new();
        for point in self.numbers(name) {
            let Some(number_data_point::Value::AsInt(number)) = point.value else {
                panic!("{name} has no integer");
            };
            let value = attributes(&point.attributes)[attribute].clone();
            *numbers.entry(value).or_default() += number;
        }
        numbers
    }
}

fn expected<const N: usize>(values: [(&str, i64); N]) -> BTreeMap<String, i64> {
    let own = |(name, value): (&str, i64)| (name.to_owned(), value);
    values.into_iter().map(own).collect()
}

#[tokio::test]
async fn a_collector_receives_every_metric_with_its_name_and_unit() {
    const METRICS: [(&str, &str); 9] = [
        ("http.client.request.duration", "s"),
        ("vestibule.call.duration", "s"),
        ("vestibule.challenge.progress", "{event}"),
        ("vestibule.refresh.duration", "s"),
        ("vestibule.retries", "{retry}"),
        ("vestibule.retry_budget.exhausted", "{call}"),
        ("vestibule.retry_budget.left", "{retry}"),
        ("vestibule.session.ends", "{session}"),
        ("vestibule.store.step.duration", "s"),
    ];
    let exported = exported().await;
    let units = exported.metrics.values();
    let units: Vec<_> = units
        .map(|metric| (metric.name.as_str(), metric.unit.as_str()))
        .collect();
    assert_eq!(units, METRICS);
    for metric in exported.metrics.values() {
        assert!(metric.description.ends_with('.'), "{}", metric.name);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/proof");
    fs::create_dir_all(&folder).unwrap();
    let line = format!("otel metrics={}\n", units.len());
    fs::write(folder.join("otel"), line).unwrap();
}

#[tokio::test]
async fn the_duration_of_requests_follows_the_semantic_conventions() {
    let exported = exported().await;
    let points = exported.histogram("http.client.request.duration");
    let required = ["http.request.method", "server.address", "server.port"];
    let others = ["error.type", "http.response.status_code", "url.template"];
    let known: BTreeSet<_> = required.into_iter().chain(others).collect();
    for point in points {
        assert_eq!(point.explicit_bounds, HTTP_BUCKETS);
        let attributes = attributes(&point.attributes);
        assert!(required.iter().all(|name| attributes.contains_key(*name)));
        assert!(attributes.keys().all(|name| known.contains(name.as_str())));
        assert!(attributes["url.template"].starts_with("/{tenant}/"));
        assert!(point.sum.unwrap() < 60.0, "seconds");
    }
    let attempts: u64 = points.iter().map(|point| point.count).sum();
    let of_client = |span: &&Span| span.kind == SpanKind::Client as i32;
    let spans = exported.spans.iter().filter(of_client).count();
    assert_eq!(attempts, spans as u64);
    assert_eq!(attempts, exported.outcome.requests.len() as u64);

    let failed = points
        .iter()
        .map(|point| (point.count, attributes(&point.attributes)));
    let failed = failed.filter(|(_, it)| it.get("error.type").is_some_and(|it| it == "503"));
    let failed: Vec<_> = failed.collect();
    let [(count, attributes)] = &failed[..] else {
        panic!("{failed:?}");
    };
    assert_eq!(*count, 2);
    assert_eq!(attributes["http.response.status_code"], "503");
    assert_eq!(attributes["http.request.method"], "GET");
    assert_eq!(attributes["server.address"], "127.0.0.1");
}

#[tokio::test]
async fn refreshes_the_funnel_of_sign_ins_and_the_retry_budget_are_counted() {
    let exported = exported().await;
    let refreshes = exported.histogram("vestibule.refresh.duration");
    let [refresh] = refreshes else {
        panic!("{refreshes:?}");
    };
    assert_eq!(refresh.count, 1);
    assert_eq!(
        attributes(&refresh.attributes)["vestibule.outcome"],
        "refreshed"
    );

    let progress = exported.by(
        "vestibule.challenge.progress",
        "vestibule.challenge.progress",
    );
    let funnel = expected([
        ("confirmed", 1),
        ("locked", 1),
        ("message_sent", 2),
        ("wrong_code", 6),
    ]);
    assert_eq!(progress, funnel);
    let steps = exported.by("vestibule.challenge.progress", "vestibule.challenge.step");
    assert_eq!(steps, expected([("login_code", 10)]));

    let system = "vestibule.system";
    assert_eq!(
        exported.by("vestibule.retries", "error.type"),
        expected([("503", 1)])
    );
    let exhausted = exported.by("vestibule.retry_budget.exhausted", system);
    assert_eq!(exhausted, expected([("wunder", 1)]));
    let left = exported.by("vestibule.retry_budget.left", system);
    assert_eq!(left, expected([("wunder", 0)]));
    let ends = exported.by("vestibule.session.ends", "vestibule.reason");
    assert_eq!(ends, expected([("signed_out", 1)]));
}

#[tokio::test]
async fn steps_of_the_store_are_timed_by_method_and_error() {
    let exported = exported().await;
    let mut steps: BTreeMap<String, u64> = BTreeMap::new();
    for point in exported.histogram("vestibule.store.step.duration") {
        let attributes = attributes(&point.attributes);
        assert_eq!(attributes.get("error.type"), None, "nothing failed");
        *steps
            .entry(attributes["vestibule.store.method"].clone())
            .or_default() += point.count;
    }
    let methods: Vec<_> = steps.keys().map(String::as_str).collect();
    for method in ["acquire", "compare_and_swap", "create", "load", "release"] {
        assert!(methods.contains(&method), "{methods:?}");
    }
}

#[tokio::test]
async fn each_attempt_carries_the_context_of_its_span() {
    let exported = exported().await;
    let of_client = |span: &&Span| span.kind == SpanKind::Client as i32;
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|it| format!("{it:02x}")).collect() };
    let contexts = exported.spans.iter().filter(of_client);
    let contexts = contexts.map(|span| {
        let (trace, id) = (hex(&span.trace_id), hex(&span.span_id));
        format!("00-{trace}-{id}-01")
    });
    let contexts: BTreeSet<_> = contexts.collect();
    let carried = exported.outcome.requests.iter();
    let carried = carried.map(|request| request.header("traceparent").expect("a context"));
    let carried: Vec<_> = carried.map(str::to_owned).collect();
    assert!(carried.len() > 10);
    assert_eq!(carried.iter().cloned().collect::<BTreeSet<_>>(), contexts);
    assert_eq!(carried.len(), contexts.len(), "each attempt has its own");
}

#[tokio::test]
async fn no_export_contains_a_number_a_code_or_a_token() {
    let exported = exported().await;
    let secrets = &exported.outcome.secrets;
    assert!(secrets.len() == 8 && !secrets.contains(&String::new()));
    assert!(exported.bytes.len() > 10_000);
    for secret in secrets {
        let secret = secret.as_bytes();
        let mut parts = exported.bytes.windows(secret.len());
        assert!(!parts.any(|part| part == secret), "a secret is exported");
    }
}
