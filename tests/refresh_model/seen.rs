//! What was seen of a run.

use std::collections::HashMap;

use tokio::time::Instant;
use vestibule::chrono::{DateTime, Utc};
use vestibule::store::Fence;

/// What somebody learnt who had presented a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Granted(u64),
    Refused,
    Failed,
    None,
}

pub struct Presented {
    pub instance: usize,
    pub rotation: u64,
    /// When its instance had got the lease.
    pub leased_at: Instant,
    pub answer: Option<Answer>,
}

/// What the store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub rotation: u64,
    pub is_marked: bool,
}

/// How often what happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub in_flight_tasks: usize,
    pub granted: usize,
    pub unanswered: usize,
    pub refused: usize,
    pub spent_presented: usize,
    pub excused_races: usize,
    pub troubles: usize,
    pub ended: usize,
}

/// All that happened so far.
#[derive(Default)]
pub struct Seen {
    pub newest: u64,
    pub is_revoked: bool,
    pub signed_out: bool,
    pub presented: Vec<Presented>,
    pub held: Option<Held>,
    pub was_stored: bool,
    pub leases: HashMap<usize, Instant>,
    pub newest_fence: Option<(usize, Fence)>,
    pub troubles: HashMap<usize, Instant>,
    pub delays: HashMap<usize, Instant>,
    pub ends: HashMap<u64, DateTime<Utc>>,
    pub violations: Vec<String>,
    pub trace: Vec<String>,
    pub tally: Tally,
}

impl Seen {
    pub fn accepts(&self, rotation: u64) -> bool {
        !self.is_revoked && rotation == self.newest
    }
}
