//! What the fuzz targets share. `scripts/fuzz.sh` builds and runs them.
//!
//! A target panics when a promise does not hold, which libFuzzer reports with the input.

#[path = "../../tests/support/calls.rs"]
pub mod calls;
pub mod headers;
pub mod json;
pub mod marks;
pub mod memory;
pub mod network;
pub mod operations;
pub mod overheard;
pub mod when;
