//! The retry budget never gives more repeats than it holds, whoever asks at once, and a backoff
//! never waits longer than it says.
#![cfg(feature = "goodcity")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// The real budget, on atomics whose every interleaving loom tries.
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

/// How many repeats can be taken out one after the other.
fn drain(budget: &RetryBudget, now: Duration) -> u64 {
    (0..20).take_while(|_| budget.take(now)).count() as u64
}

#[test]
fn callers_at_once_never_take_more_than_there_is() {
    loom::model(|| {
        let budget = Arc::new(RetryBudget::new(2));
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let budget = budget.clone();
                thread::spawn(move || u64::from(budget.take(NOW)))
            })
            .collect();
        let taken: u64 = takers.into_iter().map(|taker| taker.join().unwrap()).sum();
        assert_eq!(taken + drain(&budget, NOW), 2);
    });
}

#[test]
fn no_success_is_lost_to_a_taker_and_none_fills_it_beyond_its_size() {
    loom::model(|| {
        let budget = Arc::new(RetryBudget::new(2));
        assert!(budget.take(NOW));
        (0..9).for_each(|_| budget.succeed(|| NOW));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let budget = budget.clone();
                thread::spawn(move || budget.succeed(|| NOW))
            })
            .collect();
        assert!(budget.take(NOW), "one repeat is there all the time");
        others.into_iter().for_each(|other| other.join().unwrap());
        // One is whole again unless both successes came while it was full but for a tenth.
        assert_eq!(drain(&budget, NOW), 1);
    });
}

/// What happens to a budget.
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
    /// A bucket of plain numbers, in thousandths of a repeat, says the same.
    #[test]
    fn it_holds_what_a_bucket_would(size in 0_u32..8, steps in prop::collection::vec(step(), 0..200)) {
        loom::model(move || {
            let budget = RetryBudget::new(size);
            let full = u64::from(size) * 1_000;
            let (mut level, mut now) = (full, NOW);
            for step in &steps {
                match *step {
                    Step::Take => {
                        let there_is = level >= 1_000;
                        assert_eq!(budget.take(now), there_is);
                        level -= if there_is { 1_000 } else { 0 };
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
