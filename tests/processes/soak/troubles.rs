//! What befalls the processes, in an order that a seed decides.

use std::time::Duration;

use vestibule::testing::{Fault, FaultRule};

use super::PROCESSES;
use crate::orders::Failure;
use crate::random_kills::fraction;

/// How long a trouble shows after it has ended, in milliseconds: exchanges that began in it fail,
/// connections that broke are noticed.
const AFTERMATH: i64 = 3_000;

/// An answer that was lost shows when its session is renewed next.
const UNTIL_NEXT_RENEWAL: i64 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoiled {
    Refused,
    ResetBefore,
    ResetAfter,
    Stalled,
    HalfAnswered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Wire(Spoiled),
    KilledWorker(usize),
    KilledStore,
    FrozenStore,
}

impl Spoiled {
    pub fn rule(self) -> FaultRule {
        FaultRule::new(match self {
            Self::Refused => Fault::status(503),
            Self::ResetBefore => Fault::ResetBeforeRequest,
            Self::ResetAfter => Fault::ResetAfterRequest,
            Self::Stalled => Fault::StallBeforeHead,
            Self::HalfAnswered => Fault::HalfBody,
        })
    }

    fn loses_answers(self) -> bool {
        matches!(self, Self::ResetAfter | Self::Stalled | Self::HalfAnswered)
    }
}

impl Trouble {
    /// How long after its end it may be the cause of this failure, if it may at all.
    pub fn reaches(self, failure: &Failure) -> Option<i64> {
        let of_the_store = failure.message.contains("the session store failed");
        match (failure.kind.as_str(), self) {
            ("SignInAgain", Self::Wire(fault)) if fault.loses_answers() => Some(UNTIL_NEXT_RENEWAL),
            ("SignInAgain", Self::KilledWorker(_)) => Some(UNTIL_NEXT_RENEWAL),
            ("TryLater", Self::Wire(_)) if !of_the_store => Some(AFTERMATH),
            ("Undecodable", Self::Wire(Spoiled::HalfAnswered)) => Some(AFTERMATH),
            ("TryLater", Self::KilledStore | Self::FrozenStore) => Some(AFTERMATH),
            _ => None,
        }
    }
}

/// All troubles, shuffled again whenever each had its turn.
pub struct Deck {
    random: u64,
    left: Vec<Trouble>,
}

impl Deck {
    pub fn new(seed: u64) -> Self {
        Self {
            random: seed,
            left: Vec::new(),
        }
    }

    /// The next trouble, and how long it lasts.
    pub fn deal(&mut self) -> (Trouble, Duration) {
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
            Trouble::Wire(Spoiled::Refused),
            Trouble::Wire(Spoiled::ResetBefore),
            Trouble::Wire(Spoiled::ResetAfter),
            Trouble::Wire(Spoiled::Stalled),
            Trouble::Wire(Spoiled::HalfAnswered),
            Trouble::KilledWorker(worker),
            Trouble::KilledStore,
            Trouble::FrozenStore,
        ];
        for last in (1..self.left.len()).rev() {
            let other = self.below(last + 1);
            self.left.swap(last, other);
        }
    }
}
