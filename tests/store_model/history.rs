//! What many tasks did to one key at the same time, and what they were answered.

use std::sync::atomic::{AtomicU64, Ordering};

/// One step and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Body and version that were loaded.
    Load(Option<(u64, u64)>),
    /// Body, and the version that it got; none if there was a record.
    Create(u64, Option<u64>),
    /// Expected version, fence, body.
    Swap(u64, Option<u64>, u64, Swapped),
    Delete,
    /// The fence; none if somebody held the lease.
    Acquire(Option<u64>),
    /// Whether the lease with this fence was still ours.
    Extend(u64, bool),
    Release(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swapped {
    Written(u64),
    Conflict,
    LeaseLost,
}

/// A step between the tick at which it was begun and the tick at which it was answered.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    pub begun: u64,
    pub answered: u64,
    pub step: Step,
}

/// Orders the beginnings and answers of all tasks.
#[derive(Debug, Default)]
pub struct Ticks(AtomicU64);

impl Ticks {
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}
