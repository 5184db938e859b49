//! The figures of a scenario.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use crate::server::Backend;
use crate::simulation::StoreTime;

#[derive(Default)]
pub struct Tally {
    pub sessions: usize,
    pub calls: u64,
    pub failed: u64,
    pub signed_out: u64,
    pub longest_wait: Duration,
    pub store_steps: u64,
    pub refresh_tokens: u64,
    pub exchanges: u64,
    pub expected: Expected,
}

/// What may go wrong in a scenario.
#[derive(Clone, Copy, Default)]
pub enum Expected {
    #[default]
    NoLoss,
    /// Calls fail while the store is unreachable.
    FailedCalls,
    /// Each fail-over may lose a refresh, which signs a user out.
    SignOuts(u64),
}

impl Tally {
    pub const HEADER: &'static str = "scenario     instances  store step  sessions    calls  \
         refreshes per expiry  store steps per call  longest wait  failed  signed out";

    pub fn close(&mut self, backend: &Backend) {
        let ledger = backend.ledger();
        self.refresh_tokens = ledger.refresh_tokens();
        self.exchanges = ledger.exchanges();
        self.store_steps = backend.simulation.store_steps.load(SeqCst) - self.store_steps;
    }

    pub fn call(&mut self, waited: Duration, error: Option<vestibule::ErrorKind>) {
        self.calls += 1;
        self.longest_wait = self.longest_wait.max(waited);
        match error {
            None => {}
            Some(vestibule::ErrorKind::Unauthenticated) => self.signed_out += 1,
            Some(_) => self.failed += 1,
        }
    }

    /// Whether nothing was lost that the scenario does not lose: without faults no call fails, no user is
    /// signed out, and each refresh token is exchanged once.
    pub fn is_ok(&self) -> bool {
        match self.expected {
            Expected::NoLoss => {
                self.failed == 0 && self.signed_out == 0 && self.exchanges == self.refresh_tokens
            }
            Expected::FailedCalls => self.signed_out == 0,
            Expected::SignOuts(most) => self.failed == 0 && self.signed_out <= most,
        }
    }

    pub fn row(&self, scenario: &str, instances: usize, store_time: StoreTime) -> String {
        #[allow(clippy::cast_precision_loss)]
        let ratio = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
        format!(
            "{scenario:<12} {instances:>9} {store_time:>11} {:>9} {:>8} {:>21.2} {:>21.2} {:>10} ms {:>7} {:>11}",
            self.sessions,
            self.calls,
            ratio(self.exchanges, self.refresh_tokens),
            ratio(self.store_steps, self.calls),
            self.longest_wait.as_millis(),
            self.failed,
            self.signed_out,
        )
    }
}
