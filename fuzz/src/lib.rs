//! Shared code of the fuzz targets. `scripts/fuzz.sh` builds and runs them.
//!
//! A target panics when an invariant does not hold, which libFuzzer reports with the input.

#[path = "../../tests/support/calls.rs"]
pub mod calls;
pub mod fixed_clock;
pub mod headers;
pub mod json;
pub mod log_capture;
pub mod markers;
pub mod memory;
pub mod network;
pub mod operations;
