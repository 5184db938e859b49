//! The atomics of the road's shared state, in one place so that a model checker can put its own
//! there.

pub(super) use std::sync::atomic::{AtomicU64, Ordering};
