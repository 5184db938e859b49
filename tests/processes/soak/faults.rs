//! The faults of the soak test, in an order that a seed determines.

use std::time::Duration;

use vestibule::testing::{Fault, FaultRule};

use super::PROCESSES;
use crate::protocol::Failure;
use crate::random_kills::fraction;

/// How long a fault has effects after its end, in milliseconds: exchanges that began in it fail,
/// broken connections are noticed.
const AFTERMATH: i64 = 3_000;

/// A lost response shows at the next refresh of its session.
const UNTIL_NEXT_REFRESH: i64 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFault {
    Refused,
    ResetBefore,
    ResetAfter,
    Stalled,
    PartialResponse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    Wire(WireFault),
    KilledWorker(usize),
    KilledStore,
    FrozenStore,
}

impl WireFault {
    pub fn rule(self) -> FaultRule {
        FaultRule::new(match self {
            Self::Refused => Fault::status(503),
            Self::ResetBefore => Fault::ResetBeforeRequest,
            Self::ResetAfter => Fault::ResetAfterRequest,
            Self::Stalled => Fault::StallBeforeHead,
            Self::PartialResponse => Fault::HalfBody,
        })
    }

    fn loses_responses(self) -> bool {
        matches!(
            self,
            Self::ResetAfter | Self::Stalled | Self::PartialResponse
        )
    }
}

impl Disturbance {
    /// How long after its end the fault may explain this failure; `None` if never.
    pub fn may_explain(self, failure: &Failure) -> Option<i64> {
        let of_the_store = failure.message.contains("the session store failed");
        match (failure.kind.as_str(), self) {
            ("Unauthenticated", Self::Wire(fault)) if fault.loses_responses() => {
                Some(UNTIL_NEXT_REFRESH)
            }
            ("Unauthenticated", Self::KilledWorker(_)) => Some(UNTIL_NEXT_REFRESH),
            ("Unavailable", Self::Wire(_)) if !of_the_store => Some(AFTERMATH),
            ("InvalidResponse", Self::Wire(WireFault::PartialResponse)) => Some(AFTERMATH),
            ("Unavailable", Self::KilledStore | Self::FrozenStore) => Some(AFTERMATH),
            _ => None,
        }
    }
}

/// All faults, shuffled again after each round.
pub struct Disturbances {
    random: u64,
    left: Vec<Disturbance>,
}

impl Disturbances {
    pub fn new(seed: u64) -> Self {
        Self {
            random: seed,
            left: Vec::new(),
        }
    }

    /// The next fault, and its duration.
    pub fn next(&mut self) -> (Disturbance, Duration) {
        if self.left.is_empty() {
            self.shuffle();
        }
        let time = Duration::from_millis(300).mul_f64(1.0 + 3.0 * fraction(&mut self.random));
        (self.left.pop().unwrap(), time)
    }

    fn below(&mut self, bound: usize) -> usize {
        ((fraction(&mut self.random) * bound as f64) as usize).min(bound - 1)
    }

    fn shuffle(&mut self) {
        let worker = 1 + self.below(PROCESSES - 1);
        self.left = vec![
            Disturbance::Wire(WireFault::Refused),
            Disturbance::Wire(WireFault::ResetBefore),
            Disturbance::Wire(WireFault::ResetAfter),
            Disturbance::Wire(WireFault::Stalled),
            Disturbance::Wire(WireFault::PartialResponse),
            Disturbance::KilledWorker(worker),
            Disturbance::KilledStore,
            Disturbance::FrozenStore,
        ];
        for last in (1..self.left.len()).rev() {
            let other = self.below(last + 1);
            self.left.swap(last, other);
        }
    }
}
