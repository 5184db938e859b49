//! Connects `tracing` with OpenTelemetry.

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, SpanExporter as OtlpSpanExporter, WithExportConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter};
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};

fn resource() -> Resource {
    Resource::builder().with_service_name("sign-in").build()
}

/// Exports spans and metrics by OTLP, HTTP with Protobuf, to a collector such as
/// `http://localhost:4318`. Both must be flushed and shut down at the end, outside of tasks: they wait.
pub fn otlp(collector: &str) -> Result<(SdkTracerProvider, SdkMeterProvider), ExporterBuildError> {
    // vestibule selects reqwest's `rustls-no-provider` and passes its clients a provider. The exporter's
    // client needs one as well. It fails if the program has installed one, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let spans = OtlpSpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{collector}/v1/traces"))
        .build()?;
    let metrics = MetricExporter::builder()
        .with_http()
        .with_endpoint(format!("{collector}/v1/metrics"))
        .build()?;
    let tracer_provider = SdkTracerProvider::builder()
        .with_resource(resource())
        .with_batch_exporter(spans)
        .build();
    let meter_provider = SdkMeterProvider::builder()
        .with_resource(resource())
        .with_periodic_exporter(metrics)
        .build();
    Ok((tracer_provider, meter_provider))
}

/// Exports each span as soon as it ends.
pub fn exporting_to(exporter: impl SpanExporter + 'static) -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_resource(resource())
        .with_simple_exporter(exporter)
        .build()
}

/// Returns a subscriber for [`tracing::subscriber::set_global_default`], which makes spans of those of
/// vestibule.
pub fn subscriber(provider: &SdkTracerProvider) -> impl Subscriber + Send + Sync + use<> {
    // Source locations and threads are of no use to operators.
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("vestibule"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_target(false)
        .with_filter(Targets::new().with_target("vestibule", LevelFilter::INFO));
    tracing_subscriber::registry().with(layer)
}
