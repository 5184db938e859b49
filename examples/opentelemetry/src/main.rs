//! Signs in on a mock and prints each exported span, then the counts.
//!
//! To send the spans to a collector, change the line that the documentation of
//! `telemetry::exporting_to` names.

use std::error::Error;

use vestibule_opentelemetry::metrics::Metrics;
use vestibule_opentelemetry::printing::Printing;
use vestibule_opentelemetry::{sign_in, telemetry};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (provider, subscriber) = telemetry::exporting_to(Printing);
    tracing::subscriber::set_global_default(subscriber)?;
    let metrics = Metrics::default();
    sign_in::run(metrics.clone()).await?;
    provider.shutdown()?;
    for (what, count) in metrics.counts() {
        println!("{count:>4}  {what}");
    }
    Ok(())
}
