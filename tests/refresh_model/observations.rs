//! Observations of a run.

use std::collections::HashMap;

use tokio::time::Instant;
use vestibule::chrono::{DateTime, Utc};
use vestibule::store::Fence;

/// What an instance learnt of its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeOutcome {
    Granted(u64),
    Refused,
    Failed,
    None,
}

pub struct Presented {
    pub instance: usize,
    pub rotation: u64,
    /// When the instance acquired the lease.
    pub leased_at: Instant,
    pub response: Option<ExchangeOutcome>,
}

/// Content of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub rotation: u64,
    pub is_marked: bool,
}

/// Number of events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub exchanges: usize,
    pub granted: usize,
    pub without_response: usize,
    pub refused: usize,
    pub spent_presented: usize,
    pub excused_races: usize,
    pub faults: usize,
    pub ended: usize,
}

/// All events so far.
#[derive(Default)]
pub struct Observations {
    pub newest: u64,
    pub is_revoked: bool,
    pub signed_out: bool,
    pub presented: Vec<Presented>,
    pub held: Option<Held>,
    pub was_stored: bool,
    pub leases: HashMap<usize, Instant>,
    pub newest_fence: Option<(usize, Fence)>,
    pub faults: HashMap<usize, Instant>,
    pub delays: HashMap<usize, Instant>,
    pub ends: HashMap<u64, DateTime<Utc>>,
    pub violations: Vec<String>,
    pub trace: Vec<String>,
    pub tally: Tally,
}

impl Observations {
    pub fn accepts(&self, rotation: u64) -> bool {
        !self.is_revoked && rotation == self.newest
    }
}
