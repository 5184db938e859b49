//! The spans and metrics of vestibule, exported with OpenTelemetry.
//!
//! Each module can be copied separately: [`telemetry`] connects `tracing` with OpenTelemetry and exports
//! by OTLP, [`metrics`] records events as metrics, [`propagation`] puts `traceparent` on each attempt,
//! [`printing`] is an exporter that needs no network.

pub mod metrics;
pub mod printing;
pub mod propagation;
pub mod sign_in;
pub mod telemetry;
