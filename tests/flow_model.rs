//! Sign-in by code in thousands of random sequences: a user with two devices requests codes, enters
//! right, old and wrong ones, waits, restarts, continues on another device, and meets a failing
//! server. The client must always behave as a simple model does.
//!
//! `VESTIBULE_SEED` sets the seed, `VESTIBULE_RUNS` the number of sequences per system. A failing
//! sequence is shrunk before it is printed.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "flow_model/action.rs"]
mod action;
#[path = "flow_model/clock.rs"]
mod clock;
#[path = "flow_model/fixture.rs"]
mod fixture;
#[path = "flow_model/fynd.rs"]
mod fynd;
#[path = "flow_model/goodcity.rs"]
mod goodcity;
#[path = "flow_model/model.rs"]
mod model;
#[path = "flow_model/mutant.rs"]
mod mutant;
#[path = "flow_model/reference.rs"]
mod reference;
#[path = "flow_model/run.rs"]
mod run;
mod support;
#[path = "flow_model/system.rs"]
mod system;
#[path = "flow_model/walletcrew.rs"]
mod walletcrew;
#[path = "flow_model/wunder.rs"]
mod wunder;

use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::thread;

use action::{Action, Ending};
use fynd::OnFynd;
use goodcity::OnGoodCity;
use mutant::{MUTANTS, Mutant};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use proptest_state_machine::ReferenceStateMachine;
use reference::Reference;
use run::{Harness, Tally};
use system::System;
use walletcrew::OnWalletCrew;
use wunder::OnWunder;

/// Maximum length of a sequence.
const ACTIONS: usize = 20;

fn setting(name: &str, default: u32) -> u32 {
    let given = std::env::var(name).ok();
    given.map_or(default, |given| given.parse().expect("a number"))
}

/// Result of the sequences of one system.
struct Outcome {
    sequences: u32,
    tally: Tally,
    /// The shortest failing sequence, and its failure.
    broken: Option<(String, Vec<Action>)>,
}

impl Outcome {
    /// Every action and outcome must occur, otherwise the test proves nothing.
    fn check_that_all_happened(&self, system: &str) {
        let api_errors = ["refused", "sign in again", "step required", "try later"];
        let of_codes = api_errors.map(|kind| ("confirm", Ending::Failed(kind)));
        let resends = ["sign in again", "slow down", "step required", "try later"];
        let of_resends = resends.map(|kind| ("resend", Ending::Failed(kind)));
        let mut wanted = vec![("confirm", Ending::SignedIn), ("send", Ending::Done)];
        wanted.extend(of_codes);
        for action in ["restart", "take over"] {
            wanted.push((action, Ending::Done));
            wanted.push((action, Ending::Failed("sign in again")));
        }
        if system != OnWalletCrew::NAME {
            wanted.extend(of_resends);
            wanted.push(("resend", Ending::Done));
            wanted.push(("send", Ending::Failed("slow down")));
        }
        for what in wanted {
            assert!(self.tally.contains_key(&what), "{system}: no {what:?}");
        }
    }
}

fn run<S: System>(sequences: u32, mutant: Option<Mutant>) -> Outcome {
    let config = Config {
        cases: sequences,
        failure_persistence: None,
        ..Config::default()
    };
    let seed = setting("VESTIBULE_SEED", 1).to_le_bytes().repeat(8);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let harness = RefCell::new(Harness::<S>::start(mutant));
    let strategy = Reference::<S>::sequential_strategy(1..=ACTIONS);
    let ran = runner.run(&strategy, |(model, actions, seen)| {
        let seen = || {
            if let Some(seen) = &seen {
                seen.fetch_add(1, Ordering::SeqCst);
            }
        };
        let ran = harness.borrow_mut().run(model, &actions, seen);
        ran.map_err(TestCaseError::fail)
    });
    let harness = harness.into_inner();
    let broken = ran.err().map(|error| match error {
        TestError::Fail(why, (_, actions, _)) => (why.to_string(), actions),
        TestError::Abort(why) => panic!("{}: {why}", S::NAME),
    });
    Outcome {
        sequences,
        tally: harness.tally,
        broken,
    }
}

fn run_all(sequences: u32, mutant: Option<Mutant>) -> Vec<(&'static str, Outcome)> {
    thread::scope(|scope| {
        [
            (
                OnWunder::NAME,
                scope.spawn(move || run::<OnWunder>(sequences, mutant)),
            ),
            (
                OnWalletCrew::NAME,
                scope.spawn(move || run::<OnWalletCrew>(sequences, mutant)),
            ),
            (
                OnGoodCity::NAME,
                scope.spawn(move || run::<OnGoodCity>(sequences, mutant)),
            ),
            (
                OnFynd::NAME,
                scope.spawn(move || run::<OnFynd>(sequences, mutant)),
            ),
        ]
        .map(|(name, running)| (name, running.join().unwrap()))
        .into()
    })
}

#[test]
fn the_client_matches_the_model() {
    let all = run_all(setting("VESTIBULE_RUNS", 2_500), None);
    let sequences: u32 = all.iter().map(|(_, outcome)| outcome.sequences).sum();
    let broken: Vec<_> = all
        .iter()
        .filter_map(|(system, outcome)| Some((system, outcome.broken.as_ref()?)))
        .collect();
    let figure = format!("sequences={sequences} violations={}", broken.len());
    support::proof("flow-model", &figure);
    assert!(broken.is_empty(), "{broken:#?}");
    for (system, outcome) in &all {
        outcome.check_that_all_happened(system);
    }
}

#[test]
fn every_mutant_is_detected() {
    for &mutant in MUTANTS {
        for (system, outcome) in run_all(100, Some(mutant)) {
            let found = outcome.broken.is_some();
            assert!(found || !mutant.breaks(system), "{mutant:?} on {system}");
        }
    }
}

#[test]
fn a_failing_sequence_is_shrunk() {
    let outcome = run::<OnGoodCity>(100, Some(Mutant::ConfirmsTwice));
    let (why, actions) = outcome.broken.expect("the mutant is detected");
    assert_eq!(why, "a code was sent twice");
    assert!(
        matches!(
            actions.as_slice(),
            [
                Action::Send { device: 0, .. },
                Action::Confirm { device: 0, .. }
            ]
        ),
        "{actions:?}"
    );
}
