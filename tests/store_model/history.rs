//! The concurrent operations of many tasks on one key, and their results.

use std::sync::atomic::{AtomicU64, Ordering};

/// One operation and its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Body and version that were loaded.
    Load(Option<(u64, u64)>),
    /// Body, and its version; `None` if a record existed.
    Create(u64, Option<u64>),
    /// Expected version, fence, body.
    Swap(u64, Option<u64>, u64, Swapped),
    Delete,
    /// The fence; `None` if the lease was held.
    Acquire(Option<u64>),
    /// Whether the lease with this fence was still held.
    Extend(u64, bool),
    Release(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swapped {
    Written(u64),
    Conflict,
    LeaseLost,
}

/// An operation between the ticks at which it began and ended.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    pub begun: u64,
    pub ended: u64,
    pub step: Step,
}

/// Orders the beginnings and ends of all operations.
#[derive(Debug, Default)]
pub struct Ticks(AtomicU64);

impl Ticks {
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}
