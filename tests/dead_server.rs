//! A server that is down is not stormed, and is used again as soon as it is back.
#![cfg(feature = "wunder")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::proof;
use support::sleeper::Sleeper;
use tokio::task::JoinSet;
use vestibule::testing::{Fault, FaultProxy, FaultRule, Wunder};
use vestibule::wunder::Client;
use vestibule::{ErrorKind, Event, Observer};

const CALLERS: usize = 1_000;

#[derive(Clone, Default)]
struct Exhausted(Arc<AtomicUsize>);

impl Observer for Exhausted {
    fn observe(&self, event: &Event<'_>) {
        if let Event::RetryBudgetExhausted { .. } = event {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// All callers call at once; answers how many were served.
async fn call_all(client: &Client) -> usize {
    let mut calls = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        calls.spawn(async move { client.resolve_branch(48.2, 16.4).await });
    }
    let outcomes = calls.join_all().await;
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(error.kind(), ErrorKind::TryLater, "{error}");
        assert_eq!(error.status().unwrap().as_u16(), 503);
    }
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_do_not_storm_a_dead_server() {
    let mock = Wunder::start().await;
    let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
    let exhausted = Exhausted::default();
    let sleeper = Sleeper::default();
    let client = Client::builder(proxy.base_url(), "tenant01")
        .clock(sleeper.clone())
        .observer(exhausted.clone())
        .build()
        .unwrap();
    let down = || proxy.inject(FaultRule::new(Fault::status(503)));

    down();
    assert_eq!(call_all(&client).await, 0);
    let first = proxy.requests().len();
    assert!(
        first >= CALLERS + 100,
        "the budget was there to be used: {first}"
    );
    assert!(exhausted.0.load(Ordering::Relaxed) > 0);

    proxy.reset();
    down();
    assert_eq!(call_all(&client).await, 0);
    let requests = proxy.requests().len();
    let per_call = requests as f64 / CALLERS as f64;
    assert!(per_call <= 1.1, "{per_call} requests per call");

    // The first calls after its return are served, and their successes let repeats happen again.
    proxy.reset();
    assert_eq!(call_all(&client).await, CALLERS);
    proxy.reset();
    proxy.inject(FaultRule::new(Fault::status(503)).times(50));
    assert_eq!(
        call_all(&client).await,
        CALLERS,
        "fifty faults are repeated away"
    );
    proof("dead-server", &format!("requests-per-call={per_call:.3}"));
}

#[tokio::test]
async fn the_budget_of_one_client_is_not_that_of_another() {
    let mock = Wunder::start().await;
    let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
    let client = |budget| {
        let mut settings = vestibule::Settings::default();
        settings.retry_budget = budget;
        Client::builder(proxy.base_url(), "tenant01")
            .settings(settings)
            .clock(Sleeper::default())
            .build()
            .unwrap()
    };
    let (poor, rich) = (client(0), client(100));
    for (client, requests) in [(poor, 1), (rich, 3)] {
        proxy.reset();
        proxy.inject(FaultRule::new(Fault::status(503)));
        client.resolve_branch(48.2, 16.4).await.unwrap_err();
        assert_eq!(proxy.requests().len(), requests);
    }
}
