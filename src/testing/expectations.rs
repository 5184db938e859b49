//! How often a test expects operations to be called.

use std::fmt;
use std::ops::{Range, RangeFrom, RangeInclusive, RangeToInclusive};

use super::journal::Journal;

/// An expected number of calls, or a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    min: usize,
    max: usize,
}

impl Calls {
    fn contains(self, calls: usize) -> bool {
        (self.min..=self.max).contains(&calls)
    }
}

impl From<usize> for Calls {
    fn from(exactly: usize) -> Self {
        (exactly..=exactly).into()
    }
}

impl From<RangeInclusive<usize>> for Calls {
    fn from(calls: RangeInclusive<usize>) -> Self {
        Self {
            min: *calls.start(),
            max: *calls.end(),
        }
    }
}

/// An empty range counts as its start.
impl From<Range<usize>> for Calls {
    fn from(calls: Range<usize>) -> Self {
        let max = calls.end.saturating_sub(1).max(calls.start);
        (calls.start..=max).into()
    }
}

impl From<RangeFrom<usize>> for Calls {
    fn from(calls: RangeFrom<usize>) -> Self {
        (calls.start..=usize::MAX).into()
    }
}

impl From<RangeToInclusive<usize>> for Calls {
    fn from(calls: RangeToInclusive<usize>) -> Self {
        (0..=calls.end).into()
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = |number| if number == 1 { "call" } else { "calls" };
        match (self.min, self.max) {
            (min, max) if min == max => write!(f, "{min} {}", calls(min)),
            (min, usize::MAX) => write!(f, "at least {min} {}", calls(min)),
            (0, max) => write!(f, "at most {max} {}", calls(max)),
            (min, max) => write!(f, "{min} to {max} calls"),
        }
    }
}

/// The expectations of a test for one mock.
#[derive(Default)]
pub(super) struct Expectations(Vec<Expectation>);

struct Expectation {
    operation: &'static str,
    calls: Calls,
    /// The number of calls before the expectation was set.
    before: usize,
}

/// An expectation with the number of calls so far.
pub(super) struct ExpectationState {
    pub(super) operation: &'static str,
    pub(super) calls: Calls,
    pub(super) got: usize,
    pub(super) is_met: bool,
}

impl Expectations {
    pub(super) fn add(&mut self, operation: &'static str, calls: Calls, before: usize) {
        self.0.push(Expectation {
            operation,
            calls,
            before,
        });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Each expectation with the number of calls since it was set, in the order of their setting.
    pub(super) fn states(&self, journal: &Journal) -> Vec<ExpectationState> {
        let states = self.0.iter().map(|expectation| {
            let got = journal.calls(expectation.operation) - expectation.before;
            ExpectationState {
                operation: expectation.operation,
                calls: expectation.calls,
                got,
                is_met: expectation.calls.contains(got),
            }
        });
        states.collect()
    }

    /// A description of the unmet expectations, if there are any.
    pub(super) fn unmet(&self, journal: &Journal) -> Option<String> {
        let states = self.states(journal).into_iter();
        let unmet = states.filter(|state| !state.is_met).map(|state| {
            let ExpectationState {
                operation,
                calls,
                got,
                ..
            } = state;
            format!("\n  {operation}: expected {calls}, got {got}")
        });
        let lines: String = unmet.collect();
        (!lines.is_empty()).then_some(lines)
    }
}
