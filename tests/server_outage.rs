//! Callers do not flood a server that is down, and use it again as soon as it recovers.
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

/// All callers call concurrently; returns how many succeeded.
async fn call_all(client: &Client) -> usize {
    let mut calls = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        calls.spawn(async move { client.branch(48.2, 16.4).await });
    }
    let outcomes = calls.join_all().await;
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert_eq!(error.status().unwrap().as_u16(), 503);
    }
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_do_not_flood_a_server_that_is_down() {
    let mock = Wunder::start().await;
    let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
    let exhausted = Exhausted::default();
    let sleeper = Sleeper::default();
    let client = Client::builder(proxy.base_url())
        .tenant("tenant01")
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
        "the retry budget was not used: {first}"
    );
    assert!(exhausted.0.load(Ordering::Relaxed) > 0);

    proxy.reset();
    down();
    assert_eq!(call_all(&client).await, 0);
    let requests = proxy.requests().len();
    let per_call = requests as f64 / CALLERS as f64;
    assert!(per_call <= 1.1, "{per_call} requests per call");

    // The first calls after the recovery succeed and refill the retry budget.
    proxy.reset();
    assert_eq!(call_all(&client).await, CALLERS);
    proxy.reset();
    proxy.inject(FaultRule::new(Fault::status(503)).times(50));
    assert_eq!(
        call_all(&client).await,
        CALLERS,
        "fifty failures are covered by retries"
    );
    proof("dead-server", &format!("requests-per-call={per_call:.3}"));
}

#[tokio::test]
async fn clients_have_separate_retry_budgets() {
    let mock = Wunder::start().await;
    let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
    let client = |budget| {
        let settings = vestibule::Settings::new().retry_budget(budget);
        Client::builder(proxy.base_url())
            .tenant("tenant01")
            .settings(settings)
            .clock(Sleeper::default())
            .build()
            .unwrap()
    };
    let (small, large) = (client(0), client(100));
    for (client, requests) in [(small, 1), (large, 3)] {
        proxy.reset();
        proxy.inject(FaultRule::new(Fault::status(503)));
        client.branch(48.2, 16.4).await.unwrap_err();
        assert_eq!(proxy.requests().len(), requests);
    }
}
