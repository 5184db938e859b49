//! Observations of a run.

use std::collections::{HashMap, HashSet};

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
    pub rollbacks: usize,
    pub lost_writes: usize,
    /// What would be a violation if the store had not lost the writes that prevent it.
    pub explained: usize,
}

/// A write to the store.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    pub at: Instant,
    /// `None` for an end.
    pub held: Option<Held>,
}

/// All events so far.
#[derive(Default)]
pub struct Observations {
    pub newest: u64,
    pub is_revoked: bool,
    pub signed_out: bool,
    pub presented: Vec<Presented>,
    pub held: Option<Held>,
    pub writes: Vec<Written>,
    /// The rotations whose tokens or marks the store has lost.
    pub lost_rotations: HashSet<u64>,
    /// When leases that the store has lost were acquired.
    pub lost_leases: Vec<(usize, Instant)>,
    /// When leases were extended.
    pub extensions: Vec<(usize, Instant)>,
    /// Whether the store has lost the end of the session.
    pub lost_end: bool,
    /// Whether the store has lost the whole record.
    pub lost_record: bool,
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
    /// Whether the store has lost a write of this exchange: its lease, its mark or its tokens; or the
    /// end of the session after it.
    pub fn explains(&self, presented: &Presented) -> bool {
        let granted = match presented.response {
            Some(ExchangeOutcome::Granted(granted)) => granted,
            _ => presented.rotation,
        };
        let lease = (presented.instance, presented.leased_at);
        self.lost_end
            || self.lost_rotations.contains(&presented.rotation)
            || self.lost_rotations.contains(&granted)
            || self.lost_leases.contains(&lease)
    }

    pub fn accepts(&self, rotation: u64) -> bool {
        !self.is_revoked && rotation == self.newest
    }
}
