//! Sees every step of a run and says which broke a promise.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;
use vestibule::chrono::{DateTime, TimeDelta, Utc};
use vestibule::store::{Fence, Record};

use super::seen::{Answer, Held, Presented, Seen, Tally};
use super::simulation::Simulation;

/// How long after a fault an instance may still be busy with what it delayed.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

pub struct Watcher {
    simulation: Arc<Simulation>,
    seen: Mutex<Seen>,
}

impl Watcher {
    pub fn new(simulation: Arc<Simulation>) -> Arc<Self> {
        Arc::new(Self {
            simulation,
            seen: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("nobody panics")
    }

    fn note(&self, seen: &mut Seen, what: String) {
        seen.trace
            .push(format!("{:>9.3?} {what}", self.simulation.elapsed()));
    }

    fn broke(&self, seen: &mut Seen, what: String) {
        self.note(seen, format!("VIOLATION {what}"));
        seen.violations.push(what);
    }

    pub fn violation(&self, what: String) {
        self.broke(&mut self.lock(), what);
    }

    pub fn trace(&self, what: String) {
        self.note(&mut self.lock(), what);
    }

    pub fn verdict(&self) -> (Vec<String>, Vec<String>, Tally) {
        let mut seen = self.lock();
        let violations = std::mem::take(&mut seen.violations);
        (violations, std::mem::take(&mut seen.trace), seen.tally)
    }

    /// A fault hit a step of this instance, so it may lose its lease.
    pub fn trouble(&self, instance: usize) {
        let mut seen = self.lock();
        seen.tally.troubles += 1;
        seen.troubles.insert(instance, Instant::now());
        seen.delays.insert(instance, Instant::now());
        self.note(&mut seen, format!("{instance} is in trouble"));
    }

    /// What this instance asks for takes so long that it may be over when it comes.
    pub fn delay(&self, instance: usize) {
        self.lock().delays.insert(instance, Instant::now());
    }

    /// Whether an instance may have lost the lease that it took then without any fault of its own.
    fn is_excused(&self, seen: &Seen, instance: usize, leased_at: Instant) -> bool {
        let in_trouble = seen.troubles.get(&instance);
        in_trouble.is_some_and(|then| *then >= leased_at)
            || self.simulation.frozen_until(instance).is_some()
    }

    pub fn leased(&self, instance: usize, fence: Fence) {
        let mut seen = self.lock();
        seen.leases.insert(instance, Instant::now());
        seen.newest_fence = Some((instance, fence));
        self.note(&mut seen, format!("{instance} has lease {}", fence.0));
    }

    pub fn releases(&self, instance: usize, fence: Fence) {
        let mut seen = self.lock();
        self.note(&mut seen, format!("{instance} releases lease {}", fence.0));
        if seen.newest_fence != Some((instance, fence)) {
            return;
        }
        let granted = seen.presented.iter().rev().find_map(|presented| {
            match (presented.instance == instance, presented.answer) {
                (true, Some(Answer::Granted(rotation))) => Some(rotation),
                _ => None,
            }
        });
        let unsaved = seen
            .held
            .zip(granted)
            .is_some_and(|(held, granted)| held.rotation < granted);
        if unsaved {
            let what = format!("{instance} gave its lease back before its new token was stored");
            self.broke(&mut seen, what);
        }
    }

    /// A refresh token leaves for the server.
    pub fn presents(&self, instance: usize, rotation: u64) -> usize {
        let mut seen = self.lock();
        self.note(&mut seen, format!("{instance} presents {rotation}"));
        seen.tally.in_flight_tasks += 1;
        let is_spent = rotation < seen.newest;
        seen.tally.spent_presented += usize::from(is_spent);
        let mut broken = Vec::new();
        let mut excused = 0;
        for earlier in seen.presented.iter().filter(|e| e.rotation == rotation) {
            let by = earlier.instance;
            let what = match earlier.answer {
                None => format!("{instance} presented {rotation} while {by} did"),
                Some(Answer::Granted(_)) => {
                    format!("{instance} presented {rotation}, which {by} had exchanged")
                }
                Some(Answer::Refused) => {
                    format!("{instance} presented {rotation}, which {by} knew to be refused")
                }
                Some(Answer::Failed | Answer::None) => continue,
            };
            if self.is_excused(&seen, by, earlier.leased_at) {
                excused += 1;
            } else {
                broken.push(what);
            }
        }
        seen.tally.excused_races += excused;
        for what in broken {
            self.broke(&mut seen, what);
        }
        let leased_at = seen.leases.get(&instance).copied();
        seen.presented.push(Presented {
            instance,
            rotation,
            leased_at: leased_at.unwrap_or_else(Instant::now),
            answer: None,
        });
        seen.presented.len() - 1
    }

    /// The server takes a refresh token; answers the next one, or refuses.
    pub fn serves(&self, presented: usize) -> Option<u64> {
        let mut seen = self.lock();
        let rotation = seen.presented[presented].rotation;
        let accepted = seen.accepts(rotation);
        self.note(
            &mut seen,
            format!("the server takes {rotation}: {accepted}"),
        );
        accepted.then(|| {
            seen.newest += 1;
            seen.newest
        })
    }

    /// The first answer counts.
    pub fn answered(&self, presented: usize, answer: Answer) {
        let mut seen = self.lock();
        if seen.presented[presented].answer.is_some() {
            return;
        }
        seen.presented[presented].answer = Some(answer);
        let tally = &mut seen.tally;
        match answer {
            Answer::Granted(_) => tally.granted += 1,
            Answer::Refused => tally.refused += 1,
            Answer::None => tally.unanswered += 1,
            Answer::Failed => {}
        }
        let who = seen.presented[presented].instance;
        self.note(&mut seen, format!("{who} learns {answer:?}"));
    }

    pub fn wrote(&self, instance: usize, record: &Record, time_to_live: Duration) {
        if time_to_live.is_zero() {
            return self.deletes(instance);
        }
        let stored: serde_json::Value =
            serde_json::from_slice(record.expose()).expect("plain records");
        let refresh = stored["tokens"]["refresh"].as_str().expect("tokens");
        let refused = stored["refused"].as_bool().unwrap_or(false);
        let held = Held {
            rotation: refresh[2..].parse().expect("a token of ours"),
            is_marked: stored["presented"].is_string(),
        };
        let mut seen = self.lock();
        self.note(
            &mut seen,
            format!("{instance} writes {held:?} refused={refused}"),
        );
        seen.was_stored = true;
        let before = seen.held.replace(held);
        let Some(before) = before else { return };
        if held.rotation < before.rotation {
            self.broke(
                &mut seen,
                format!("{instance} wrote {held:?} over {before:?}"),
            );
        }
        let unmarked = before.rotation == held.rotation && before.is_marked && !held.is_marked;
        let may_be_spent = seen.presented.iter().any(|p| p.rotation == held.rotation);
        if unmarked && !refused && may_be_spent {
            let what = format!("{instance} took a mark away whose token may be spent");
            self.broke(&mut seen, what);
        }
    }

    pub fn deletes(&self, instance: usize) {
        let mut seen = self.lock();
        self.note(&mut seen, format!("{instance} deletes"));
        let Some(held) = seen.held.take() else { return };
        if seen.signed_out {
            return;
        }
        if seen.accepts(held.rotation) {
            let what = format!("lost: {instance} deleted a session that the server still knows");
            self.broke(&mut seen, what);
        }
        let newest = seen.newest;
        let holder = seen.presented.iter().find(|presented| {
            presented.answer == Some(Answer::Granted(newest))
                && !self.is_excused(&seen, presented.instance, presented.leased_at)
        });
        if let Some(holder) = holder.filter(|_| !seen.is_revoked && newest > held.rotation) {
            let by = holder.instance;
            let what = format!("lost: {instance} deleted a session that {by} was saving");
            self.broke(&mut seen, what);
        }
    }

    pub fn revoke(&self) {
        let mut seen = self.lock();
        seen.is_revoked = true;
        self.note(&mut seen, "the server revokes".into());
    }

    pub fn signs_out(&self) {
        let mut seen = self.lock();
        seen.signed_out = true;
        self.note(&mut seen, "the user signs out".into());
    }

    pub fn is_stored(&self) -> bool {
        self.lock().held.is_some()
    }

    /// An instance says that the session has ended.
    pub fn ended(&self, instance: usize) {
        let mut seen = self.lock();
        seen.tally.ended += 1;
        self.note(&mut seen, format!("{instance} says that it has ended"));
        // What never reached the store is not found there.
        if seen.signed_out || !seen.was_stored {
            return;
        }
        let was_refused = |presented: &Presented| presented.answer == Some(Answer::Refused);
        if !seen.presented.iter().any(was_refused) {
            self.broke(&mut seen, format!("{instance} ended it without a refusal"));
        }
        if seen.held.is_some_and(|held| seen.accepts(held.rotation)) {
            self.broke(
                &mut seen,
                format!("lost: {instance} ended what the server still knows"),
            );
        }
    }

    pub fn issued(&self, rotation: u64, end: DateTime<Utc>) {
        self.lock().ends.insert(rotation, end);
    }

    /// An access token is given to a caller.
    pub fn used(&self, instance: usize, rotation: u64) {
        let mut seen = self.lock();
        // Clocks differ a little.
        let now = self.simulation.now() - TimeDelta::milliseconds(300);
        let is_over = seen.ends.get(&rotation).is_none_or(|end| *end < now);
        let was_delayed = seen.delays.get(&instance);
        let was_delayed = was_delayed.is_some_and(|then| then.elapsed() < LONGEST_DELAY);
        if is_over && !was_delayed {
            self.broke(
                &mut seen,
                format!("{instance} gave out {rotation}, which is over"),
            );
        }
    }
}
