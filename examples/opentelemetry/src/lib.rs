//! The spans of vestibule, exported with OpenTelemetry, and its events as metrics.
//!
//! Each module can be copied separately: [`telemetry`] connects `tracing` with OpenTelemetry,
//! [`printing`] is an exporter that needs no network, [`metrics`] counts events without either.

pub mod metrics;
pub mod printing;
pub mod sign_in;
pub mod telemetry;
