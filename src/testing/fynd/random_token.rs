//! Random tokens.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::random;

/// An unguessable value. Without entropy it is guessable, but still unique.
pub(super) fn random_token() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    random::id().unwrap_or_else(|_| format!("{:032x}", COUNTER.fetch_add(1, Ordering::Relaxed)))
}
