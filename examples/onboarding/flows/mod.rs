//! Every flow of the four systems, each walked on a mock over real HTTP to an end that is checked.
//!
//! The example `onboarding` walks them in one process; the tests also end the process between any
//! two steps, and another one takes the states up by their ids.

mod failed;
pub mod fixture;
mod fynd;
mod goodcity;
mod shared_words;
mod walletcrew;
mod wunder;

use failed::Outcome;
use fixture::{Fixture, Keeping, LocalFuture, System};

pub use fixture::OneProcess;

/// The name of a flow, and the way through it.
struct Flow<S: System> {
    name: &'static str,
    walk: for<'s> fn(&'s mut Fixture<'_, S>) -> LocalFuture<'s, Outcome>,
}

/// Lists flows by their names.
macro_rules! flows {
    ($($name:literal => $walk:path,)*) => {
        vec![$($crate::flows::Flow {
            name: $name,
            walk: |fixture| Box::pin($walk(fixture)),
        }),*]
    };
}
use flows;

/// A flow that was walked.
pub struct Walked {
    pub system: &'static str,
    pub flow: &'static str,
    pub steps: usize,
    /// Each operation that was called, with the status of its answer.
    pub calls: Vec<(&'static str, u16)>,
    pub outcome: Outcome,
}

/// Walks every flow of every system, each on a mock of its own, and shows each when it has ended.
pub async fn walk_all(keeping: &dyn Keeping, show: impl Fn(&Walked)) -> Vec<Walked> {
    let mut walked = Vec::new();
    walk(wunder::flows(), keeping, &show, &mut walked).await;
    walk(walletcrew::flows(), keeping, &show, &mut walked).await;
    walk(goodcity::flows(), keeping, &show, &mut walked).await;
    walk(fynd::flows(), keeping, &show, &mut walked).await;
    walked
}

async fn walk<S: System>(
    flows: Vec<Flow<S>>,
    keeping: &dyn Keeping,
    show: &impl Fn(&Walked),
    walked: &mut Vec<Walked>,
) {
    // A mock that has gone leaves its port to the next one, and with it what a store knows of it.
    let mut mocks = Vec::new();
    for flow in flows {
        let (steps, calls, outcome) = match Fixture::begin(keeping).await {
            Ok(mut fixture) => {
                let outcome = (flow.walk)(&mut fixture).await;
                let calls = fixture.mock.journal();
                mocks.push(fixture.mock);
                (fixture.steps, calls, outcome)
            }
            Err(failed) => (0, Vec::new(), Err(failed)),
        };
        let this = Walked {
            system: S::NAME,
            flow: flow.name,
            steps,
            calls,
            outcome,
        };
        show(&this);
        walked.push(this);
    }
}
