//! Checks the invariants of the refresh protocol: the real session code of several instances runs
//! over one store and one token server, in thousands of runs with crashes, lost responses, frozen
//! lease holders and dropped callers under a virtual time.
//!
//! Each run is determined by its seed. `VESTIBULE_SEED` sets the first one, `VESTIBULE_RUNS` their
//! number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "refresh_model/checker.rs"]
mod checker;
#[path = "refresh_model/mutant.rs"]
mod mutant;
#[path = "refresh_model/observations.rs"]
mod observations;
#[path = "refresh_model/plan.rs"]
mod plan;
#[path = "refresh_model/rng.rs"]
mod rng;
#[path = "refresh_model/run.rs"]
mod run;
#[path = "refresh_model/server.rs"]
mod server;
#[path = "refresh_model/simulation.rs"]
mod simulation;
#[path = "refresh_model/store.rs"]
mod store;
mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use mutant::{MUTANTS, Mutant};
use run::{Outcome, run, run_with_rollbacks};

fn first_seed() -> u64 {
    let given = std::env::var("VESTIBULE_SEED").ok();
    given.map_or(1, |seed| seed.parse().expect("a seed is a number"))
}

fn runs() -> u64 {
    let given = std::env::var("VESTIBULE_RUNS").ok();
    given.map_or(2_000, |runs| runs.parse().expect("a number of runs"))
}

/// Executes many runs, on all processors.
fn run_all(run: fn(u64, Option<Mutant>) -> Outcome) -> Vec<(u64, Outcome)> {
    let next = AtomicU64::new(0);
    let (first, runs) = (first_seed(), runs());
    let work = || {
        let mut observations = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= runs {
                return observations;
            }
            let mut one = run(first + at, None);
            if one.violations.is_empty() {
                one.trace = Vec::new();
            }
            observations.push((first + at, one));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let observations = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        observations.collect()
    })
}

/// The name of an event, and how often it occurred in a run.
type Counted = (&'static str, fn(&Outcome) -> usize);

/// Executes all runs; every event must occur, otherwise they prove nothing.
fn check_all(proof: &str, run: fn(u64, Option<Mutant>) -> Outcome, events: &[Counted]) {
    let all = run_all(run);
    let sum = |of: fn(&Outcome) -> usize| {
        all.iter()
            .map(|(_, observations)| of(observations))
            .sum::<usize>()
    };
    let violations = sum(|observations| observations.violations.len());
    let broken = all
        .iter()
        .filter(|(_, observations)| !observations.violations.is_empty());
    // The shortest trace is the easiest to read.
    let shortest = broken
        .clone()
        .min_by_key(|(_, observations)| observations.trace.len());
    let failure = shortest.map(|(seed, observations)| {
        let seeds: Vec<_> = broken
            .map(|(seed, observations)| (seed, observations.violations.first()))
            .collect();
        let (trace, violations) = (observations.trace.join("\n"), &observations.violations);
        format!("{trace}\nVESTIBULE_SEED={seed}: {violations:#?}\nall such seeds: {seeds:#?}")
    });
    let figure = format!("runs={} violations={violations}", all.len());
    support::proof(proof, &figure);
    assert_eq!(violations, 0, "{}", failure.unwrap_or_default());
    for (what, times) in events {
        assert!(sum(*times) > 0, "no {what} occurred");
    }
}

const EVENTS: [Counted; 10] = [
    ("calls", |outcome| outcome.calls),
    ("dropped callers", |outcome| outcome.dropped),
    ("exchanges", |outcome| outcome.tally.exchanges),
    ("granted exchanges", |outcome| outcome.tally.granted),
    ("exchanges without response", |outcome| {
        outcome.tally.without_response
    }),
    ("refusals", |outcome| outcome.tally.refused),
    ("spent tokens sent", |outcome| outcome.tally.spent_presented),
    ("races with a frozen holder", |outcome| {
        outcome.tally.excused_races
    }),
    ("faults", |outcome| outcome.tally.faults),
    ("ends", |outcome| outcome.tally.ended),
];

#[test]
fn every_invariant_holds_in_every_run() {
    check_all("refresh-model", run, &EVENTS);
}

/// Whatever happens twice or is lost belongs to a write that the store has lost.
#[test]
fn every_invariant_holds_when_the_store_goes_back_and_clocks_step() {
    let lost: [Counted; 3] = [
        ("rollbacks", |outcome| outcome.tally.rollbacks),
        ("lost writes", |outcome| outcome.tally.lost_writes),
        ("explained repetitions", |outcome| outcome.tally.explained),
    ];
    let events: Vec<_> = EVENTS.into_iter().chain(lost).collect();
    check_all("rollback-model", run_with_rollbacks, &events);
}

#[test]
fn every_mutant_is_detected() {
    for &mutant in MUTANTS {
        let found = (1..=300).find(|seed| !run(*seed, Some(mutant)).violations.is_empty());
        assert!(found.is_some(), "{mutant:?} was not detected");
    }
}

#[test]
fn a_seed_reproduces_its_run() {
    for seed in 1..=20 {
        for run in [run, run_with_rollbacks] {
            let (one, other) = (run(seed, None), run(seed, None));
            assert_eq!(one.trace, other.trace, "seed {seed}");
        }
    }
}
