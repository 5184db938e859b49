//! Signs in on a mock and prints each exported span; with `OTEL_EXPORTER_OTLP_ENDPOINT` set, such as to
//! `http://localhost:4318`, exports spans and metrics to that collector instead.

use std::env;
use std::error::Error;

use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use vestibule_opentelemetry::metrics::Metrics;
use vestibule_opentelemetry::printing::Printing;
use vestibule_opentelemetry::{sign_in, telemetry};

fn main() -> Result<(), Box<dyn Error>> {
    let (spans, metrics) = match env::var("OTEL_EXPORTER_OTLP_ENDPOINT") {
        Ok(collector) => telemetry::otlp(collector.trim_end_matches('/'))?,
        Err(_) => {
            let metrics = SdkMeterProvider::builder().build();
            (telemetry::exporting_to(Printing), metrics)
        }
    };
    tracing::subscriber::set_global_default(telemetry::subscriber(&spans))?;
    let observer = Metrics::new(&metrics.meter("vestibule"));
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(sign_in::run(observer))?;
    spans.shutdown()?;
    metrics.shutdown()?;
    Ok(())
}
