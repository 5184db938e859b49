//! The retry budget never grants more retries than it holds under concurrency, and a backoff never
//! exceeds its upper bound.
#![cfg(feature = "goodcity")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// The real budget, on atomics of which loom tries every interleaving.
#[path = "../src/pipeline/budget.rs"]
mod budget;

mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
}

use std::time::Duration;

use budget::RetryBudget;
use loom::sync::Arc;
use loom::thread;
use proptest::prelude::*;

const NOW: Duration = Duration::from_secs(1_000);

/// Number of retries that can be taken one after the other.
fn drain(budget: &RetryBudget, now: Duration) -> u64 {
    (0..20).take_while(|_| budget.take(now).is_some()).count() as u64
}

#[test]
fn concurrent_callers_never_take_more_than_the_budget() {
    loom::model(|| {
        let budget = Arc::new(RetryBudget::new(2));
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let budget = budget.clone();
                thread::spawn(move || u64::from(budget.take(NOW).is_some()))
            })
            .collect();
        let taken: u64 = takers.into_iter().map(|taker| taker.join().unwrap()).sum();
        assert_eq!(taken + drain(&budget, NOW), 2);
    });
}

#[test]
fn concurrent_successes_refill_the_budget_up_to_its_capacity() {
    loom::model(|| {
        let budget = Arc::new(RetryBudget::new(2));
        assert!(budget.take(NOW).is_some());
        (0..9).for_each(|_| budget.succeed(|| NOW));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let budget = budget.clone();
                thread::spawn(move || budget.succeed(|| NOW))
            })
            .collect();
        assert!(budget.take(NOW).is_some(), "one retry is always available");
        others.into_iter().for_each(|other| other.join().unwrap());
        // One retry is available again unless both successes came while the budget was full but for
        // a tenth.
        assert_eq!(drain(&budget, NOW), 1);
    });
}

/// An operation on a budget.
#[derive(Clone, Copy, Debug)]
enum Step {
    Take,
    Succeed,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Take),
        4 => Just(Step::Succeed),
        1 => (0_u64..5_000).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// A reference bucket of plain numbers, in thousandths of a retry, gives the same results.
    #[test]
    fn the_budget_matches_a_token_bucket(size in 0_u32..8, steps in prop::collection::vec(step(), 0..200)) {
        loom::model(move || {
            let budget = RetryBudget::new(size);
            let full = u64::from(size) * 1_000;
            let (mut level, mut now) = (full, NOW);
            for step in &steps {
                match *step {
                    Step::Take => {
                        let there_is = level >= 1_000;
                        level -= if there_is { 1_000 } else { 0 };
                        let left = budget.take(now).map(u64::from);
                        assert_eq!(left, there_is.then_some(level / 1_000));
                    }
                    Step::Succeed => {
                        budget.succeed(|| now);
                        level = full.min(level + 100);
                    }
                    Step::Wait(millis) => {
                        now += Duration::from_millis(millis);
                        level = full.min(level + millis);
                    }
                }
            }
            assert_eq!(drain(&budget, now), level / 1_000);
        });
    }
}
