//! The promises of the refresh protocol, kept by the real session code of several instances over
//! one store and one token server, in thousands of runs with crashes, lost answers, frozen holders
//! and dropped callers under a virtual time.
//!
//! Each run follows from its seed. `VESTIBULE_SEED` gives the first one,
//! `VESTIBULE_RUNS` their number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "refresh_model/mutant.rs"]
mod mutant;
#[path = "refresh_model/plan.rs"]
mod plan;
#[path = "refresh_model/rng.rs"]
mod rng;
#[path = "refresh_model/run.rs"]
mod run;
#[path = "refresh_model/seen.rs"]
mod seen;
#[path = "refresh_model/server.rs"]
mod server;
#[path = "refresh_model/simulation.rs"]
mod simulation;
#[path = "refresh_model/store.rs"]
mod store;
mod support;
#[path = "refresh_model/watcher.rs"]
mod watcher;

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

/// What was seen in many runs, on all processors.
fn run_all() -> Vec<(u64, Outcome)> {
    let next = AtomicU64::new(0);
    let (first, runs) = (first_seed(), runs());
    let work = || {
        let mut seen = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= runs {
                return seen;
            }
            let mut one = run(first + at, None);
            if one.violations.is_empty() {
                one.trace = Vec::new();
            }
            seen.push((first + at, one));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let seen = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        seen.collect()
    })
}

#[test]
fn every_promise_holds_in_every_run() {
    let all = run_all();
    let sum = |of: fn(&Outcome) -> usize| all.iter().map(|(_, seen)| of(seen)).sum::<usize>();
    let violations = sum(|seen| seen.violations.len());
    let broken = all.iter().filter(|(_, seen)| !seen.violations.is_empty());
    // The shortest story is the easiest to read.
    let shortest = broken.clone().min_by_key(|(_, seen)| seen.trace.len());
    let story = shortest.map(|(seed, seen)| {
        let seeds: Vec<_> = broken.map(|(seed, _)| seed).collect();
        let (trace, violations) = (seen.trace.join("\n"), &seen.violations);
        format!("{trace}\nVESTIBULE_SEED={seed}: {violations:#?}\nall such seeds: {seeds:?}")
    });
    // A model in which nothing happens proves nothing.
    for (what, times) in [
        ("calls", sum(|seen| seen.calls)),
        ("dropped callers", sum(|seen| seen.dropped)),
        ("exchanges", sum(|seen| seen.tally.in_flight_tasks)),
        ("granted exchanges", sum(|seen| seen.tally.granted)),
        ("unanswered exchanges", sum(|seen| seen.tally.unanswered)),
        ("refusals", sum(|seen| seen.tally.refused)),
        (
            "spent tokens presented",
            sum(|seen| seen.tally.spent_presented),
        ),
        (
            "races with a frozen holder",
            sum(|seen| seen.tally.excused_races),
        ),
        ("faults", sum(|seen| seen.tally.troubles)),
        ("ends", sum(|seen| seen.tally.ended)),
    ] {
        assert!(times > 0, "there were no {what}");
    }
    let figure = format!("runs={} violations={violations}", all.len());
    support::proof("refresh-model", &figure);
    assert_eq!(violations, 0, "{}", story.unwrap_or_default());
}

#[test]
fn whatever_breaks_the_protocol_is_found_out() {
    for &mutant in MUTANTS {
        let found = (1..=300).find(|seed| !run(*seed, Some(mutant)).violations.is_empty());
        assert!(found.is_some(), "{mutant:?} was not found out");
    }
}

#[test]
fn a_seed_repeats_its_run() {
    for seed in 1..=20 {
        let (one, other) = (run(seed, None), run(seed, None));
        assert_eq!(one.trace, other.trace, "seed {seed}");
    }
}
