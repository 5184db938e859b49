//! Every flow of the four systems, each run on a mock over real HTTP, with checks of its result.
//!
//! The example `onboarding` runs them in one process; the tests also restart the process between any
//! two steps, and the new process resumes the states by their ids.

mod code_sign_in;
mod failed;
pub mod fixture;
mod fynd;
mod goodcity;
mod walletcrew;
mod wunder;

use failed::Outcome;
use fixture::{Fixture, LocalFuture, Persistence, System};
use vestibule::testing::RecordedRequest;

pub use fixture::SingleProcess;

/// The name of a flow and the function that runs it.
struct Flow<S: System> {
    name: &'static str,
    run: for<'s> fn(&'s mut Fixture<'_, S>) -> LocalFuture<'s, Outcome>,
}

/// Lists flows by their names.
macro_rules! flows {
    ($($name:literal => $run:path,)*) => {
        vec![$($crate::flows::Flow {
            name: $name,
            run: |fixture| Box::pin($run(fixture)),
        }),*]
    };
}
use flows;

/// The result of one flow.
pub struct FlowRun {
    pub system: &'static str,
    pub flow: &'static str,
    pub steps: usize,
    pub requests: Vec<RecordedRequest>,
    pub outcome: Outcome,
}

/// Runs every flow of every system, each on its own mock, and passes each result to `show`.
pub async fn run_all(persistence: &dyn Persistence, show: impl Fn(&FlowRun)) -> Vec<FlowRun> {
    let mut runs = Vec::new();
    run(wunder::flows(), persistence, &show, &mut runs).await;
    run(walletcrew::flows(), persistence, &show, &mut runs).await;
    run(goodcity::flows(), persistence, &show, &mut runs).await;
    run(fynd::flows(), persistence, &show, &mut runs).await;
    runs
}

async fn run<S: System>(
    flows: Vec<Flow<S>>,
    persistence: &dyn Persistence,
    show: &impl Fn(&FlowRun),
    runs: &mut Vec<FlowRun>,
) {
    // The mocks stay alive: a new mock could reuse the port of a dropped one, and the store would still
    // hold state for it.
    let mut mocks = Vec::new();
    for flow in flows {
        let (steps, requests, outcome) = match Fixture::begin(persistence).await {
            Ok(mut fixture) => {
                let outcome = (flow.run)(&mut fixture).await;
                let requests = fixture.mock.requests();
                mocks.push(fixture.mock);
                (fixture.steps, requests, outcome)
            }
            Err(failed) => (0, Vec::new(), Err(failed)),
        };
        let this = FlowRun {
            system: S::NAME,
            flow: flow.name,
            steps,
            requests,
            outcome,
        };
        show(&this);
        runs.push(this);
    }
}
