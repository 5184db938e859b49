//! Every call and every flow can be dropped at each of its await points: nothing is kept, nothing
//! is locked, no token is lost, and the next call works.
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
use support::apis::{Api, Equipment};
use support::documents::{DOCUMENTS, Document, Operation};
use support::proof;
use support::sleeper::Sleeper;
use support::upstream::{self, IN_PATH, sent_path};
use vestibule::testing::{Fault, FaultProxy, FaultRule};

/// What goes wrong before a call succeeds, so that there is more to drop in the middle of.
fn troubles(document: &Document, operation: &Operation) -> Vec<Option<Fault>> {
    let mut troubles = vec![None];
    if operation.is_idempotent() {
        troubles.push(Some(Fault::status(503)));
        troubles.push(Some(Fault::HalfBody));
    }
    let renewable = document.system() == "wunder" && operation.takes_session();
    if renewable && !operation.carries_code() {
        troubles.push(Some(Fault::status(401)));
    }
    troubles
}

async fn operations() -> usize {
    let upstream = upstream::start().await;
    let proxy = FaultProxy::start(upstream.uri()).await.unwrap();
    let mut points = 0;
    for document in DOCUMENTS.iter().map(Document::read) {
        let equipment = Equipment {
            settings: flows::settings(),
            refresh_token: Some("a-refresh-token".to_owned()),
            clock: Arc::new(Sleeper::default()),
            ..Equipment::default()
        };
        let api = Api::equipped(&document.name, &proxy.base_url(), &equipment).await;
        for operation in document.operations() {
            let path = sent_path(&operation);
            let arguments = operation.call_arguments(&document, Some(IN_PATH));
            let (id, with_session) = (operation.id(), operation.takes_session());
            for trouble in troubles(&document, &operation) {
                let before = async || {
                    proxy.reset();
                    if let Some(fault) = &trouble {
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
async fn nothing_is_lost_wherever_a_call_or_a_flow_is_dropped() {
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
