//! How often a test expects the operations of a mock to be called.

use std::fmt;
use std::ops::{Range, RangeFrom, RangeInclusive, RangeToInclusive};

use super::journal::Journal;

/// How many calls are expected: a number, or a range of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    least: usize,
    most: usize,
}

impl Calls {
    fn contain(self, calls: usize) -> bool {
        (self.least..=self.most).contains(&calls)
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
            least: *calls.start(),
            most: *calls.end(),
        }
    }
}

/// An empty range is taken for its start.
impl From<Range<usize>> for Calls {
    fn from(calls: Range<usize>) -> Self {
        let most = calls.end.saturating_sub(1).max(calls.start);
        (calls.start..=most).into()
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
        match (self.least, self.most) {
            (least, most) if least == most => write!(f, "{least} {}", calls(least)),
            (least, usize::MAX) => write!(f, "at least {least} {}", calls(least)),
            (0, most) => write!(f, "at most {most} {}", calls(most)),
            (least, most) => write!(f, "{least} to {most} calls"),
        }
    }
}

/// What one test expects of one mock.
#[derive(Default)]
pub(super) struct Expectations(Vec<Expectation>);

struct Expectation {
    operation: &'static str,
    calls: Calls,
    /// How often it had been called before anybody expected anything.
    before: usize,
}

impl Expectations {
    pub(super) fn add(&mut self, operation: &'static str, calls: Calls, before: usize) {
        self.0.push(Expectation {
            operation,
            calls,
            before,
        });
    }

    /// What was not met, in words; nothing if all was.
    pub(super) fn unmet(&self, journal: &Journal) -> Option<String> {
        let lines = self.0.iter().filter_map(|expected| {
            let Expectation {
                operation, calls, ..
            } = expected;
            let got = journal.counted(operation) - expected.before;
            (!calls.contain(got)).then(|| format!("\n  {operation}: expected {calls}, got {got}"))
        });
        let lines: String = lines.collect();
        (!lines.is_empty()).then_some(lines)
    }
}
