//! What a scene has cost.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use crate::server::Centre;

#[derive(Default)]
pub struct Tally {
    pub sessions: usize,
    pub calls: u64,
    pub failed: u64,
    pub signed_out: u64,
    pub longest_wait: Duration,
    pub store_steps: u64,
    pub refresh_tokens: u64,
    pub in_flight_tasks: u64,
    /// Whether something went wrong by plan, such as a crash in the middle of an exchange.
    pub has_troubles: bool,
}

impl Tally {
    pub const HEADER: &'static str = "scene          instances  sessions    calls  refreshes per \
         expiry  store steps per call  longest wait  failed  signed out";

    pub fn close(&mut self, centre: &Centre) {
        let ledger = centre.ledger();
        self.refresh_tokens = ledger.refresh_tokens();
        self.in_flight_tasks = ledger.in_flight_tasks();
        self.store_steps = centre.simulation.store_steps.load(SeqCst) - self.store_steps;
    }

    pub fn call(&mut self, waited: Duration, error: Option<vestibule::ErrorKind>) {
        self.calls += 1;
        self.longest_wait = self.longest_wait.max(waited);
        match error {
            None => {}
            Some(vestibule::ErrorKind::SignInAgain) => self.signed_out += 1,
            Some(_) => self.failed += 1,
        }
    }

    /// Without troubles nothing fails; with them nobody is signed out who was not in an exchange
    /// whose instance died.
    pub fn is_well(&self) -> bool {
        self.has_troubles
            || (self.failed == 0
                && self.signed_out == 0
                && self.in_flight_tasks == self.refresh_tokens)
    }

    pub fn row(&self, scene: &str, instances: usize) -> String {
        #[allow(clippy::cast_precision_loss)]
        let ratio = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
        format!(
            "{scene:<14} {instances:>9} {:>9} {:>8} {:>21.2} {:>21.2} {:>10} ms {:>7} {:>11}",
            self.sessions,
            self.calls,
            ratio(self.in_flight_tasks, self.refresh_tokens),
            ratio(self.store_steps, self.calls),
            self.longest_wait.as_millis(),
            self.failed,
            self.signed_out,
        )
    }
}
