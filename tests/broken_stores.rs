//! The conformance suite detects every fault of a store, and every case of it detects one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "broken_stores/fault.rs"]
mod fault;
#[path = "broken_stores/faulty_store.rs"]
mod faulty_store;
#[path = "broken_stores/steps.rs"]
mod steps;

use std::collections::BTreeSet;
use std::sync::Arc;

use fault::{FAULTS, Fault};
use faulty_store::FaultyStore;
use tokio::task::JoinSet;
use vestibule::testing::store_conformance;

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_passes_a_correct_store_and_fails_each_broken_one() {
    let right = store_conformance(Arc::new(FaultyStore::new(None))).await;
    right.assert_passed();
    let mut cases: BTreeSet<&str> = right.cases().iter().map(|case| case.name()).collect();
    assert_eq!(cases.len(), right.cases().len(), "no name is used twice");

    let mut running = JoinSet::new();
    for &fault in FAULTS {
        running.spawn(async move {
            let report = store_conformance(Arc::new(FaultyStore::new(Some(fault)))).await;
            (fault, report)
        });
    }
    let mut passed: Vec<Fault> = Vec::new();
    for (fault, report) in running.join_all().await {
        if report.passed() {
            passed.push(fault);
        }
        for case in report.failed() {
            cases.remove(case.name());
        }
    }
    assert_eq!(passed, [], "these faults were not detected");
    assert_eq!(cases, BTreeSet::new(), "these cases failed on no store");
}
