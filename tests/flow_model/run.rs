//! A sequence of actions against the real client and a mock, compared with the model.

use std::collections::BTreeMap;

use tokio::runtime::Runtime;
use vestibule::{Settings, reqwest};

use super::action::{Action, Ending, Expected};
use super::fixture::Fixture;
use super::model::Model;
use super::mutant::Mutant;
use super::system::System;

/// How often actions ended in what.
pub type Tally = BTreeMap<(&'static str, Ending), usize>;

/// A mock, and what its clients share. Each sequence is about a user of its own.
pub struct Bench<S: System> {
    pub mock: S::Mock,
    pub http: reqwest::Client,
    pub mutant: Option<Mutant>,
    pub sequences: usize,
    pub tally: Tally,
    // The last, so that the mock is still served while it is dropped.
    runtime: Runtime,
}

impl<S: System> Bench<S> {
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

    /// Runs one sequence, and says what is wrong with it, if anything is. `seen` is told of each
    /// action before it is taken.
    pub fn run(&mut self, model: Model, actions: &[Action], seen: impl Fn()) -> Result<(), String> {
        self.sequences += 1;
        let mut endings = Vec::new();
        let bench = &*self;
        let outcome = bench.runtime.block_on(async {
            let mut fixture = Fixture::new(bench);
            let mut model = model;
            for action in actions {
                seen();
                model = model.after(action);
                endings.push((action.name(), model.expected.ending));
                compare(bench, &mut fixture, action, &model).await?;
            }
            fixture.end().await
        });
        for ending in endings {
            *self.tally.entry(ending).or_default() += 1;
        }
        if outcome.is_err() {
            // A failure that was ordered and not fetched would meet the next sequence.
            self.mock = self.runtime.block_on(S::start());
        }
        outcome
    }

    fn count(&self, operations: &[&str]) -> usize {
        let counts = operations.iter().map(|name| S::count(&self.mock, name));
        counts.sum()
    }
}

/// Takes an action and looks at what came of it. `model` has taken it already.
async fn compare<S: System>(
    bench: &Bench<S>,
    fixture: &mut Fixture<'_, S>,
    action: &Action,
    model: &Model,
) -> Result<(), String> {
    let (asked, presented) = (bench.count(S::ASKING), bench.count(S::PRESENTING));
    let ending = fixture.take(action, model).await;
    let seen = Expected {
        ending,
        asked: bench.count(S::ASKING) - asked,
        presented: bench.count(S::PRESENTING) - presented,
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

/// What holds of the requests, whatever the model says.
#[derive(Default)]
pub struct Promises {
    last_asked: Option<u64>,
    /// Codes that were presented since the newest message.
    presented: usize,
}

impl Promises {
    fn check(&mut self, seen: &Expected, model: &Model) -> Result<(), String> {
        if seen.asked > 0 {
            let early = |last| model.now < last + model.terms.wait;
            if seen.asked > 1 || self.last_asked.is_some_and(early) {
                return Err("a message was asked for before the timer had run out".to_owned());
            }
            self.last_asked = Some(model.now);
            if seen.ending == Ending::Done {
                self.presented = 0;
            }
        }
        self.presented += seen.presented;
        if seen.presented > 1 {
            return Err("a code was presented twice".to_owned());
        }
        if self.presented > 5 {
            return Err("more than five codes were presented for one message".to_owned());
        }
        Ok(())
    }
}
