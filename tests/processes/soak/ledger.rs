//! What was suffered and what failed, and whether the one accounts for the other.

use chrono::Utc;

use super::troubles::Trouble;
use crate::killed::INTERRUPTED;
use crate::orders::Failure;

/// Why a session that another process has ended is not there.
const ELSEWHERE: [&str; 2] = ["it was ended elsewhere", "there is no such session"];

/// A trouble from its beginning to its end, in milliseconds of the machine's clock.
#[derive(Debug)]
struct Suffered {
    trouble: Trouble,
    began: i64,
    over: i64,
}

#[derive(Debug, Default)]
pub struct Ledger {
    /// Calls that succeeded.
    pub calls: usize,
    /// Sessions that ended.
    pub ended: usize,
    /// Sessions that were ended although the server would still have taken the stored token.
    pub lost: usize,
    deleted: usize,
    failures: Vec<Failure>,
    troubles: Vec<Suffered>,
}

pub fn now() -> i64 {
    Utc::now().timestamp_millis()
}

impl Ledger {
    pub fn suffered(&mut self, trouble: Trouble, began: i64) {
        self.troubles.push(Suffered {
            trouble,
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

    pub fn failures(&self) -> usize {
        self.failures.len()
    }

    /// A session ends by somebody who deletes it for a reason.
    pub fn every_end_was_written(&self) -> bool {
        self.ended <= self.deleted
    }

    pub fn unexplained(&self) -> Vec<&Failure> {
        let unexplained = |failure: &&Failure| !self.explains(failure);
        self.failures.iter().filter(unexplained).collect()
    }

    fn explains(&self, failure: &Failure) -> bool {
        let for_a_reason = failure.kind != "SignInAgain"
            || failure.message.contains(INTERRUPTED)
            || ELSEWHERE.iter().any(|why| failure.message.contains(why));
        for_a_reason
            && self.troubles.iter().any(|suffered| {
                suffered.trouble.reaches(failure).is_some_and(|aftermath| {
                    failure.began <= suffered.over + aftermath && failure.over >= suffered.began
                })
            })
    }

    /// The whole story in a few lines.
    pub fn told(&self, refreshes: usize, memory: (u64, u64)) -> String {
        format!(
            "soak: {} calls, {} failed, {} troubles, {refreshes} refreshes, {} sessions ended, \
             {} of them lost; memory of a worker {} KiB after warm-up, {} KiB at the end\n",
            self.calls + self.failures.len(),
            self.failures.len(),
            self.troubles.len(),
            self.ended,
            self.lost,
            memory.0,
            memory.1,
        )
    }
}
