//! Connects `tracing` with OpenTelemetry.

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter};
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};

/// Returns the provider, which must be shut down at the end, and a subscriber for
/// [`tracing::subscriber::set_global_default`].
///
/// To send the spans to a collector, change this line, with the crate `opentelemetry-otlp`;
/// `OTEL_EXPORTER_OTLP_ENDPOINT` sets its address:
///
/// ```text
/// .with_batch_exporter(opentelemetry_otlp::SpanExporter::builder().with_http().build()?)
/// ```
pub fn exporting_to(
    exporter: impl SpanExporter + 'static,
) -> (SdkTracerProvider, impl Subscriber + Send + Sync) {
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("sign-in").build())
        .with_simple_exporter(exporter)
        .build();
    // Source locations and threads are of no use to operators.
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("vestibule"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_target(false)
        .with_filter(Targets::new().with_target("vestibule", LevelFilter::INFO));
    let subscriber = tracing_subscriber::registry().with(layer);
    (provider, subscriber)
}
