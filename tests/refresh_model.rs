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

use mutant::MUTANTS;
use run::{Outcome, run};

fn first_seed() -> u64 {
    let given = std::env::var("VESTIBULE_SEED").ok();
    given.map_or(1, |seed| seed.parse().expect("a seed is a number"))
}

fn runs() -> u64 {
    let given = std::env::var("VESTIBULE_RUNS").ok();
    given.map_or(2_000, |runs| runs.parse().expect("a number of runs"))
}

/// Executes many runs, on all processors.
fn run_all() -> Vec<(u64, Outcome)> {
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

#[test]
fn every_invariant_holds_in_every_run() {
    let all = run_all();
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
        let seeds: Vec<_> = broken.map(|(seed, _)| seed).collect();
        let (trace, violations) = (observations.trace.join("\n"), &observations.violations);
        format!("{trace}\nVESTIBULE_SEED={seed}: {violations:#?}\nall such seeds: {seeds:?}")
    });
    // Every event must occur, otherwise the test proves nothing.
    for (what, times) in [
        ("calls", sum(|observations| observations.calls)),
        ("dropped callers", sum(|observations| observations.dropped)),
        (
            "exchanges",
            sum(|observations| observations.tally.exchanges),
        ),
        (
            "granted exchanges",
            sum(|observations| observations.tally.granted),
        ),
        (
            "exchanges without response",
            sum(|observations| observations.tally.without_response),
        ),
        ("refusals", sum(|observations| observations.tally.refused)),
        (
            "spent tokens sent",
            sum(|observations| observations.tally.spent_presented),
        ),
        (
            "races with a frozen holder",
            sum(|observations| observations.tally.excused_races),
        ),
        ("faults", sum(|observations| observations.tally.faults)),
        ("ends", sum(|observations| observations.tally.ended)),
    ] {
        assert!(times > 0, "no {what} occurred");
    }
    let figure = format!("runs={} violations={violations}", all.len());
    support::proof("refresh-model", &figure);
    assert_eq!(violations, 0, "{}", failure.unwrap_or_default());
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
        let (one, other) = (run(seed, None), run(seed, None));
        assert_eq!(one.trace, other.trace, "seed {seed}");
    }
}
