//! Runs a sequence of actions against the real client and a mock, and compares it with the model.

use std::collections::BTreeMap;

use tokio::runtime::Runtime;
use vestibule::{Settings, reqwest};

use super::action::{Action, Ending, Expected};
use super::fixture::Fixture;
use super::model::Model;
use super::mutant::Mutant;
use super::system::System;

/// Number of actions by outcome.
pub type Tally = BTreeMap<(&'static str, Ending), usize>;

/// A mock, and the state that its clients share. Each sequence is about a new user.
pub struct Harness<S: System> {
    pub mock: S::Mock,
    pub http: reqwest::Client,
    pub mutant: Option<Mutant>,
    pub sequences: usize,
    pub tally: Tally,
    // Last field, so that the mock is still served while it is dropped.
    runtime: Runtime,
}

impl<S: System> Harness<S> {
    pub fn start(mutant: Option<Mutant>) -> Self {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().expect("a runtime");
        let http = Settings::default().http_client_builder();
        let http = http.expect("TLS").no_proxy().build();
        Self {
            mock: runtime.block_on(S::start()),
            http: http.expect("a client"),
            mutant,
            sequences: 0,
            tally: Tally::new(),
            runtime,
        }
    }

    /// Runs one sequence and returns its failure, if any. `seen` is called with each action before
    /// it is executed.
    pub fn run(&mut self, model: Model, actions: &[Action], seen: impl Fn()) -> Result<(), String> {
        self.sequences += 1;
        let mut endings = Vec::new();
        let harness = &*self;
        let outcome = harness.runtime.block_on(async {
            let mut fixture = Fixture::new(harness);
            let mut model = model;
            for action in actions {
                seen();
                model = model.after(action);
                endings.push((action.name(), model.expected.ending));
                compare(harness, &mut fixture, action, &model).await?;
            }
            fixture.end().await
        });
        for ending in endings {
            *self.tally.entry(ending).or_default() += 1;
        }
        if outcome.is_err() {
            // A scheduled failure that was not used would affect the next sequence.
            self.mock = self.runtime.block_on(S::start());
        }
        outcome
    }

    fn count(&self, operations: &[&str]) -> usize {
        let counts = operations.iter().map(|name| S::count(&self.mock, name));
        counts.sum()
    }
}

/// Executes an action and checks its outcome. `model` is already in the state after it.
async fn compare<S: System>(
    harness: &Harness<S>,
    fixture: &mut Fixture<'_, S>,
    action: &Action,
    model: &Model,
) -> Result<(), String> {
    let (asked, presented) = (
        harness.count(S::MESSAGE_OPERATIONS),
        harness.count(S::CODE_OPERATIONS),
    );
    let ending = fixture.take(action, model).await;
    let seen = Expected {
        ending,
        asked: harness.count(S::MESSAGE_OPERATIONS) - asked,
        presented: harness.count(S::CODE_OPERATIONS) - presented,
    };
    fixture.promises.check(&seen, model)?;
    if seen != model.expected {
        let expected = model.expected;
        return Err(format!("{action:?}: {seen:?} instead of {expected:?}"));
    }
    if fixture.messages() != model.messages() {
        let (here, there) = (fixture.messages(), model.messages());
        return Err(format!("{action:?}: {here} messages instead of {there}"));
    }
    Ok(())
}

/// Invariants of the requests, independent of the model.
#[derive(Default)]
pub struct Promises {
    last_asked: Option<u64>,
    /// Codes that were sent since the newest message.
    presented: usize,
}

impl Promises {
    fn check(&mut self, seen: &Expected, model: &Model) -> Result<(), String> {
        if seen.asked > 0 {
            let early = |last| model.now < last + model.terms.wait;
            if seen.asked > 1 || self.last_asked.is_some_and(early) {
                return Err(
                    "a message was requested before the resend timer had expired".to_owned(),
                );
            }
            self.last_asked = Some(model.now);
            if seen.ending == Ending::Done {
                self.presented = 0;
            }
        }
        self.presented += seen.presented;
        if seen.presented > 1 {
            return Err("a code was sent twice".to_owned());
        }
        if self.presented > 5 {
            return Err("more than five codes were sent for one message".to_owned());
        }
        Ok(())
    }
}
