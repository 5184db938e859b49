//! Observes every step of a run and reports violated invariants.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;
use vestibule::chrono::{DateTime, TimeDelta, Utc};
use vestibule::store::{Fence, Record};

use super::observations::{ExchangeOutcome, Held, Observations, Presented, Tally, Written};
use super::simulation::Simulation;

/// How long after a fault an instance may still execute delayed operations.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

pub struct Checker {
    simulation: Arc<Simulation>,
    observations: Mutex<Observations>,
}

impl Checker {
    pub fn new(simulation: Arc<Simulation>) -> Arc<Self> {
        Arc::new(Self {
            simulation,
            observations: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Observations> {
        self.observations.lock().expect("the lock is not poisoned")
    }

    fn note(&self, observations: &mut Observations, what: String) {
        observations
            .trace
            .push(format!("{:>9.3?} {what}", self.simulation.elapsed()));
    }

    fn broke(&self, observations: &mut Observations, what: String) {
        self.note(observations, format!("VIOLATION {what}"));
        observations.violations.push(what);
    }

    pub fn violation(&self, what: String) {
        self.broke(&mut self.lock(), what);
    }

    pub fn trace(&self, what: String) {
        self.note(&mut self.lock(), what);
    }

    pub fn verdict(&self) -> (Vec<String>, Vec<String>, Tally) {
        let mut observations = self.lock();
        let violations = std::mem::take(&mut observations.violations);
        (
            violations,
            std::mem::take(&mut observations.trace),
            observations.tally,
        )
    }

    /// A fault affected an operation of this instance, so it may lose its lease.
    pub fn fault_hit(&self, instance: usize) {
        let mut observations = self.lock();
        observations.tally.faults += 1;
        observations.faults.insert(instance, Instant::now());
        observations.delays.insert(instance, Instant::now());
        self.note(&mut observations, format!("{instance} had a fault"));
    }

    /// An operation of this instance is so slow that its lease may have expired when it completes.
    pub fn delay(&self, instance: usize) {
        self.lock().delays.insert(instance, Instant::now());
    }

    /// Whether an instance may have lost the lease that it acquired then without a violation.
    fn is_excused(&self, observations: &Observations, instance: usize, leased_at: Instant) -> bool {
        let last_fault = observations.faults.get(&instance);
        last_fault.is_some_and(|then| *then >= leased_at)
            || self.simulation.was_frozen_since(instance, leased_at)
    }

    pub fn leased(&self, instance: usize, fence: Fence) {
        let mut observations = self.lock();
        observations.leases.insert(instance, Instant::now());
        observations.newest_fence = Some((instance, fence));
        self.note(
            &mut observations,
            format!("{instance} has lease {}", fence.0),
        );
    }

    pub fn extends(&self, instance: usize) {
        let mut observations = self.lock();
        observations.extensions.push((instance, Instant::now()));
        self.note(&mut observations, format!("{instance} extends its lease"));
    }

    pub fn releases(&self, instance: usize, fence: Fence) {
        let mut observations = self.lock();
        self.note(
            &mut observations,
            format!("{instance} releases lease {}", fence.0),
        );
        if observations.newest_fence != Some((instance, fence)) {
            return;
        }
        let granted = observations.presented.iter().rev().find_map(|presented| {
            match (presented.instance == instance, presented.response) {
                (true, Some(ExchangeOutcome::Granted(rotation))) => Some(rotation),
                _ => None,
            }
        });
        // An end that was lost brings back a session whose newer tokens were dropped with it.
        let was_lost =
            |granted: &u64| observations.lost_end || observations.lost_rotations.contains(granted);
        let unsaved = observations
            .held
            .zip(granted.filter(|granted| !was_lost(granted)))
            .is_some_and(|(held, granted)| held.rotation < granted);
        if unsaved {
            let what = format!("{instance} released its lease before its new token was stored");
            self.broke(&mut observations, what);
        }
    }

    /// A refresh token is sent to the server.
    pub fn presents(&self, instance: usize, rotation: u64) -> usize {
        let mut observations = self.lock();
        self.note(&mut observations, format!("{instance} presents {rotation}"));
        observations.tally.exchanges += 1;
        let is_spent = rotation < observations.newest;
        observations.tally.spent_presented += usize::from(is_spent);
        let mut broken = Vec::new();
        let (mut excused, mut explained) = (0, 0);
        for earlier in observations
            .presented
            .iter()
            .filter(|e| e.rotation == rotation)
        {
            let by = earlier.instance;
            let what = match earlier.response {
                None => format!("{instance} presented {rotation} while {by} did"),
                Some(ExchangeOutcome::Granted(_)) => {
                    format!("{instance} sent {rotation}, which {by} had exchanged")
                }
                Some(ExchangeOutcome::Refused) => {
                    format!("{instance} sent {rotation}, which {by} knew to be refused")
                }
                Some(ExchangeOutcome::Failed | ExchangeOutcome::None) => continue,
            };
            if self.is_excused(&observations, by, earlier.leased_at) {
                excused += 1;
            } else if observations.explains(earlier) {
                explained += 1;
            } else {
                broken.push(what);
            }
        }
        observations.tally.excused_races += excused;
        observations.tally.explained += explained;
        for what in broken {
            self.broke(&mut observations, what);
        }
        let leased_at = observations.leases.get(&instance).copied();
        observations.presented.push(Presented {
            instance,
            rotation,
            leased_at: leased_at.unwrap_or_else(Instant::now),
            response: None,
        });
        observations.presented.len() - 1
    }

    /// The server processes a refresh token; returns the next rotation, or refuses.
    pub fn serves(&self, presented: usize) -> Option<u64> {
        let mut observations = self.lock();
        let rotation = observations.presented[presented].rotation;
        let accepted = observations.accepts(rotation);
        self.note(
            &mut observations,
            format!("the server processes {rotation}: {accepted}"),
        );
        accepted.then(|| {
            observations.newest += 1;
            observations.newest
        })
    }

    /// The first outcome counts.
    pub fn responded(&self, presented: usize, response: ExchangeOutcome) {
        let mut observations = self.lock();
        if observations.presented[presented].response.is_some() {
            return;
        }
        observations.presented[presented].response = Some(response);
        let tally = &mut observations.tally;
        match response {
            ExchangeOutcome::Granted(_) => tally.granted += 1,
            ExchangeOutcome::Refused => tally.refused += 1,
            ExchangeOutcome::None => tally.without_response += 1,
            ExchangeOutcome::Failed => {}
        }
        let instance = observations.presented[presented].instance;
        self.note(&mut observations, format!("{instance} learns {response:?}"));
    }

    pub fn wrote(&self, instance: usize, record: &Record, time_to_live: Duration) {
        let stored: serde_json::Value =
            serde_json::from_slice(record.expose()).expect("plain records");
        if time_to_live.is_zero() || stored["ended"] == true {
            return self.deletes(instance);
        }
        let refresh = stored["tokens"]["refresh"].as_str().expect("tokens");
        let refused = stored["refused"].as_bool().unwrap_or(false);
        let held = Held {
            rotation: refresh[2..].parse().expect("a token of the model"),
            is_marked: stored["presented"].is_string(),
        };
        let mut observations = self.lock();
        self.note(
            &mut observations,
            format!("{instance} writes {held:?} refused={refused}"),
        );
        observations.was_stored = true;
        observations.writes.push(Written {
            at: Instant::now(),
            held: Some(held),
        });
        let before = observations.held.replace(held);
        let Some(before) = before else { return };
        if held.rotation < before.rotation {
            self.broke(
                &mut observations,
                format!("{instance} wrote {held:?} over {before:?}"),
            );
        }
        let unmarked = before.rotation == held.rotation && before.is_marked && !held.is_marked;
        let may_be_spent = observations
            .presented
            .iter()
            .any(|p| p.rotation == held.rotation);
        // The mark that is gone may be one that the store has lost.
        let was_lost = observations.lost_rotations.contains(&held.rotation);
        if unmarked && !refused && may_be_spent && !was_lost {
            let what = format!("{instance} removed an in-progress marker whose token may be spent");
            self.broke(&mut observations, what);
        }
    }

    pub fn deletes(&self, instance: usize) {
        let mut observations = self.lock();
        self.note(&mut observations, format!("{instance} deletes"));
        observations.writes.push(Written {
            at: Instant::now(),
            held: None,
        });
        let Some(held) = observations.held.take() else {
            return;
        };
        if observations.signed_out {
            return;
        }
        if observations.accepts(held.rotation) {
            let what =
                format!("lost: {instance} deleted a session that is still valid at the server");
            self.broke(&mut observations, what);
        }
        let newest = observations.newest;
        let holder = observations.presented.iter().find(|presented| {
            presented.response == Some(ExchangeOutcome::Granted(newest))
                && !self.is_excused(&observations, presented.instance, presented.leased_at)
        });
        if let Some(holder) = holder.filter(|_| !observations.is_revoked && newest > held.rotation)
        {
            if observations.explains(holder) {
                observations.tally.explained += 1;
                return;
            }
            let by = holder.instance;
            let what = format!("lost: {instance} deleted a session that {by} was saving");
            self.broke(&mut observations, what);
        }
    }

    /// The store loses what was written since then.
    pub fn rolls_back(&self, since: Instant) {
        let mut observations = self.lock();
        let kept = observations
            .writes
            .partition_point(|write| write.at < since);
        let lost = observations.writes.split_off(kept);
        let before = observations.held;
        observations.held = observations.writes.last().and_then(|write| write.held);
        observations.tally.rollbacks += 1;
        observations.tally.lost_writes += lost.len();
        observations.lost_record |= before.is_some() && observations.held.is_none();
        let rotations = lost.iter().filter_map(|write| write.held);
        let rotations: Vec<_> = rotations.map(|held| held.rotation).collect();
        observations.lost_rotations.extend(rotations);
        let leases = observations.leases.clone();
        let lost_leases = leases.into_iter().filter(|(_, at)| *at >= since);
        observations.lost_leases.extend(lost_leases);
        // A lease whose extension is lost runs out sooner than its holder expects.
        let extensions = observations.extensions.iter();
        let extended: Vec<_> = extensions.filter(|(_, at)| *at >= since).collect();
        let shortened = extended
            .into_iter()
            .filter_map(|(by, _)| Some((*by, *observations.leases.get(by)?)));
        let shortened: Vec<_> = shortened.collect();
        observations.lost_leases.extend(shortened);
        observations.lost_end |= lost.iter().any(|write| write.held.is_none());
        let what = format!("the store loses {} writes", lost.len());
        self.note(&mut observations, what);
    }

    pub fn revoke(&self) {
        let mut observations = self.lock();
        observations.is_revoked = true;
        self.note(&mut observations, "the server revokes".into());
    }

    pub fn signs_out(&self) {
        let mut observations = self.lock();
        observations.signed_out = true;
        self.note(&mut observations, "the user signs out".into());
    }

    /// Whether the record exists, and not because the store has lost its end.
    pub fn is_stored(&self) -> bool {
        let observations = self.lock();
        observations.held.is_some() && !observations.lost_end
    }

    /// An instance reports that the session has ended.
    pub fn ended(&self, instance: usize) {
        let mut observations = self.lock();
        observations.tally.ended += 1;
        self.note(
            &mut observations,
            format!("{instance} reports that it has ended"),
        );
        // A session that never reached the store is not found there.
        if observations.signed_out || !observations.was_stored {
            return;
        }
        let was_refused =
            |presented: &Presented| presented.response == Some(ExchangeOutcome::Refused);
        if !observations.presented.iter().any(was_refused) && !observations.lost_record {
            self.broke(
                &mut observations,
                format!("{instance} ended it without a refusal"),
            );
        }
        if observations
            .held
            .is_some_and(|held| observations.accepts(held.rotation))
        {
            self.broke(
                &mut observations,
                format!("lost: {instance} ended a session that is still valid at the server"),
            );
        }
    }

    pub fn issued(&self, rotation: u64, end: DateTime<Utc>) {
        self.lock().ends.insert(rotation, end);
    }

    /// A caller receives an access token.
    pub fn used(&self, instance: usize, rotation: u64) {
        let mut observations = self.lock();
        // Clocks differ slightly.
        let now = self.simulation.now() - TimeDelta::milliseconds(300);
        let is_over = observations
            .ends
            .get(&rotation)
            .is_none_or(|end| *end < now);
        let was_delayed = observations.delays.get(&instance);
        let was_delayed = was_delayed.is_some_and(|then| then.elapsed() < LONGEST_DELAY);
        // An instance with a wrong clock does not know that a token has expired.
        let is_wrong = self.simulation.plan.clock_steps.iter().any(|step| {
            let until = step.until + LONGEST_DELAY;
            step.instance == instance && (step.from..until).contains(&self.simulation.elapsed())
        });
        if is_over && !was_delayed && !is_wrong {
            self.broke(
                &mut observations,
                format!("{instance} returned {rotation}, which has expired"),
            );
        }
    }
}
