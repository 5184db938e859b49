//! Records injected faults and failed calls, and matches failures with faults.

use chrono::Utc;

use super::faults::Disturbance;
use crate::killed::INTERRUPTED;
use crate::protocol::Failure;

/// The reasons for a missing session that another process has ended.
const ENDED_BY_ANOTHER: [&str; 2] = ["it was ended elsewhere", "there is no such session"];

/// The reason where the server refused the token of a lost response while the access token was valid:
/// the refusal is stored, and each process ends the session when that token has expired.
const EXPIRED: &str = "its credential has expired and cannot be refreshed";

/// The reason where the record of a refresh was lost with the tokens that it got.
const REFUSED: &str = "the server refused to refresh it";

/// A fault from its beginning to its end, in milliseconds of the machine's clock.
#[derive(Debug)]
struct FaultPeriod {
    disturbance: Disturbance,
    began: i64,
    over: i64,
}

#[derive(Debug, Default)]
pub struct FaultLog {
    /// Calls that succeeded.
    pub calls: usize,
    /// Sessions that ended.
    pub ended: usize,
    /// Sessions that were ended although the server would still have accepted the stored token.
    pub lost: usize,
    deleted: usize,
    failures: Vec<Failure>,
    faults: Vec<FaultPeriod>,
}

pub fn now() -> i64 {
    Utc::now().timestamp_millis()
}

impl FaultLog {
    pub fn period(&mut self, disturbance: Disturbance, began: i64) {
        self.faults.push(FaultPeriod {
            disturbance,
            began,
            over: now(),
        });
    }

    pub fn failed(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    pub fn deleted(&mut self, lost: bool) {
        self.deleted += 1;
        self.lost += usize::from(lost);
    }

    pub fn faults(&self) -> &[impl std::fmt::Debug + use<>] {
        &self.faults
    }

    pub fn failures(&self) -> usize {
        self.failures.len()
    }

    /// Every end of a session has a process that deleted it for a reason.
    pub fn every_end_was_written(&self) -> bool {
        self.ended <= self.deleted
    }

    pub fn unexplained(&self) -> Vec<&Failure> {
        let unexplained = |failure: &&Failure| !self.explains(failure);
        self.failures.iter().filter(unexplained).collect()
    }

    fn explains(&self, failure: &Failure) -> bool {
        // A call that the server rejected while the session ended has the server's words as its message.
        let reason = failure.ended.as_deref().unwrap_or(&failure.message);
        let is_of_the_lost_window = reason.contains(REFUSED)
            && self
                .faults
                .iter()
                .any(|period| period.disturbance == Disturbance::RolledBackStore);
        let for_a_reason = !failure.is_over
            || is_of_the_lost_window
            || reason.contains(INTERRUPTED)
            || reason.contains(EXPIRED)
            || ENDED_BY_ANOTHER.iter().any(|why| reason.contains(why));
        for_a_reason
            && self.faults.iter().any(|period| {
                period
                    .disturbance
                    .may_explain(failure)
                    .is_some_and(|aftermath| {
                        failure.began <= period.over + aftermath && failure.over >= period.began
                    })
            })
    }

    /// A summary in a few lines.
    pub fn summary(&self, refreshes: usize, memory: (u64, u64)) -> String {
        format!(
            "soak: {} calls, {} failed, {} faults, {refreshes} refreshes, {} sessions ended, \
             {} of them lost; memory of a worker {} KiB after warm-up, {} KiB at the end\n",
            self.calls + self.failures.len(),
            self.failures.len(),
            self.faults.len(),
            self.ended,
            self.lost,
            memory.0,
            memory.1,
        )
    }
}
