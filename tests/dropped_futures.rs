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
mod support;

use dropping::at_each_point;
use support::apis::{Api, Equipment};
use support::documents::{DOCUMENTS, Document};
use support::proof;
use support::upstream::{self, IN_PATH};

async fn operations() -> usize {
    let server = upstream::start().await;
    let mut points = 0;
    for document in DOCUMENTS.iter().map(Document::read) {
        let equipment = Equipment {
            settings: flows::settings(),
            ..Equipment::default()
        };
        let api = Api::equipped(&document.name, &server.uri(), &equipment).await;
        for operation in document.operations() {
            let arguments = operation.call_arguments(&document, Some(IN_PATH));
            let (id, with_session) = (operation.id(), operation.takes_session());
            let call = async |_: &mut ()| api.call(id, with_session, &arguments).await;
            let works = async |()| {
                let again = api.call(id, with_session, &arguments).await;
                again.unwrap_or_else(|error| panic!("{id} after a dropped call: {error}"));
            };
            points += at_each_point(id, async || {}, call, works).await;
        }
    }
    points
}

#[tokio::test]
async fn nothing_is_lost_wherever_a_call_or_a_flow_is_dropped() {
    let mut points = operations().await;
    assert!(points > 400, "only {points} points were found");
    points += flows::wunder().await;
    points += flows::goodcity().await;
    points += flows::fynd().await;
    points += flows::walletcrew().await;
    proof("dropped-futures", &format!("{points} lost=0"));
}
