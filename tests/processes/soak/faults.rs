//! The faults of the soak test, in an order that a seed determines.

use std::time::Duration;

use vestibule::testing::{Fault, FaultRule};

use super::PROCESSES;
use crate::protocol::Failure;
use crate::random_kills::fraction;

/// How long a fault has effects after its end, in milliseconds: exchanges that began in it fail,
/// broken connections are noticed.
const AFTERMATH: i64 = 3_000;

/// A lost response shows at the next refresh of its session, which is due after the 4 s of a token. If
/// the store has failed in the last minute, as it mostly has here, that refresh waits for up to 4.65 s
/// before it sends the token once more, and as long again before a refusal ends the session.
const UNTIL_NEXT_REFRESH: i64 = 15_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFault {
    Refused,
    ResetBefore,
    ResetAfter,
    Stalled,
    PartialResponse,
    /// A gateway's page with status 200.
    Page,
    /// A gateway's 401 without a body, to calls alone.
    BareRejection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    Wire(WireFault),
    KilledWorker(usize),
    /// A worker that stops for longer than its lease.
    SlowWorker(usize),
    /// A worker whose clock is an hour ahead for a while.
    SteppedClock(usize),
    KilledStore,
    FrozenStore,
    /// The store becomes a replica, which writes nothing, and then the primary again.
    DemotedStore,
    /// The store loses what was written during the fault, as a replica does that is promoted.
    RolledBackStore,
}

impl WireFault {
    pub fn rule(self) -> FaultRule {
        FaultRule::new(match self {
            Self::Refused => Fault::status(503),
            Self::ResetBefore => Fault::ResetBeforeRequest,
            Self::ResetAfter => Fault::ResetAfterRequest,
            Self::Stalled => Fault::StallBeforeHead,
            Self::PartialResponse => Fault::HalfBody,
            Self::Page => Fault::HtmlInsteadOfJson,
            Self::BareRejection => Fault::status(401),
        })
    }

    /// The paths that it breaks.
    pub fn paths(self) -> &'static [&'static str] {
        match self {
            Self::BareRejection => &["/front/customers"],
            _ => &["/refresh-token", "/front/customers"],
        }
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
            ("Unauthenticated", Self::KilledWorker(_) | Self::SlowWorker(_)) => {
                Some(UNTIL_NEXT_REFRESH)
            }
            // A token that was spent in the lost window is presented again.
            ("Unauthenticated", Self::RolledBackStore) => Some(UNTIL_NEXT_REFRESH),
            ("Unauthenticated", Self::Wire(WireFault::BareRejection)) if !failure.is_over => {
                Some(AFTERMATH)
            }
            ("Unavailable", Self::Wire(_)) if !of_the_store => Some(AFTERMATH),
            ("InvalidResponse", Self::Wire(WireFault::PartialResponse | WireFault::Page)) => {
                Some(AFTERMATH)
            }
            ("Unavailable", Self::KilledStore | Self::FrozenStore) => Some(AFTERMATH),
            ("Unavailable", Self::DemotedStore | Self::RolledBackStore) => Some(AFTERMATH),
            ("Unavailable", Self::SlowWorker(_)) => Some(AFTERMATH),
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
        let [worker, slow, stepped] = [(); 3].map(|()| 1 + self.below(PROCESSES - 1));
        self.left = vec![
            Disturbance::Wire(WireFault::Refused),
            Disturbance::Wire(WireFault::ResetBefore),
            Disturbance::Wire(WireFault::ResetAfter),
            Disturbance::Wire(WireFault::Stalled),
            Disturbance::Wire(WireFault::PartialResponse),
            Disturbance::Wire(WireFault::Page),
            Disturbance::Wire(WireFault::BareRejection),
            Disturbance::KilledWorker(worker),
            Disturbance::SlowWorker(slow),
            Disturbance::SteppedClock(stepped),
            Disturbance::KilledStore,
            Disturbance::FrozenStore,
            Disturbance::DemotedStore,
            Disturbance::RolledBackStore,
        ];
        for last in (1..self.left.len()).rev() {
            let other = self.below(last + 1);
            self.left.swap(last, other);
        }
    }
}
