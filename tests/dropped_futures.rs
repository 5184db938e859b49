//! Every call and every flow can be dropped at each of its await points: no permit or lock is
//! leaked, no token is lost, and the next call works.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "dropped_futures/dropping.rs"]
mod dropping;
#[path = "dropped_futures/flows.rs"]
mod flows;
#[path = "dropped_futures/fynd_flows.rs"]
mod fynd_flows;
mod support;
#[path = "dropped_futures/wunder_accounts.rs"]
mod wunder_accounts;

use dropping::at_each_point;
use std::sync::Arc;
use support::apis::{Api, ApiConfig};
use support::documents::{DOCUMENTS, Document, Operation};
use support::proof;
use support::sleeper::Sleeper;
use support::upstream::{self, IN_PATH, sent_path};
use vestibule::testing::{Fault, FaultProxy, FaultRule};

/// Failures before a call succeeds, so that it has more await points.
fn failures(document: &Document, operation: &Operation) -> Vec<Option<Fault>> {
    let mut failures = vec![None];
    if operation.is_idempotent() {
        failures.push(Some(Fault::status(503)));
        failures.push(Some(Fault::HalfBody));
    }
    let refreshable = document.system() == "wunder" && operation.takes_session();
    if refreshable && !operation.carries_code() {
        failures.push(Some(Fault::status(401)));
    }
    failures
}

async fn operations() -> usize {
    let upstream = upstream::start().await;
    let proxy = FaultProxy::start(upstream.uri()).await.unwrap();
    let mut points = 0;
    for document in DOCUMENTS.iter().map(Document::read) {
        let config = ApiConfig {
            settings: flows::settings(),
            refresh_token: Some("a-refresh-token".to_owned()),
            clock: Arc::new(Sleeper::default()),
            ..ApiConfig::default()
        };
        let api = Api::with_config(&document.name, &proxy.base_url(), &config).await;
        for operation in document.operations() {
            let path = sent_path(&operation);
            let arguments = operation.call_arguments(&document, Some(IN_PATH));
            let (id, with_session) = (operation.id(), operation.takes_session());
            for failure in failures(&document, &operation) {
                let before = async || {
                    proxy.reset();
                    if let Some(fault) = &failure {
                        let rule = FaultRule::new(fault.clone()).on(path.as_str());
                        proxy.inject(rule.times(1));
                    }
                };
                let call = async |_: &mut ()| api.call(id, with_session, &arguments).await;
                let works = async |()| {
                    proxy.reset();
                    let again = api.call(id, with_session, &arguments).await;
                    again.unwrap_or_else(|error| panic!("{id} after a dropped call: {error}"));
                };
                points += at_each_point(id, before, call, works).await;
            }
        }
    }
    points
}

#[tokio::test]
async fn dropping_a_call_or_flow_at_any_await_point_loses_nothing() {
    let mut points = operations().await;
    assert!(points > 400, "only {points} points were found");
    points += flows::wunder().await;
    points += wunder_accounts::all().await;
    points += flows::goodcity().await;
    points += flows::fynd().await;
    points += fynd_flows::all().await;
    points += flows::walletcrew().await;
    proof("dropped-futures", &format!("{points} lost=0"));
}
