//! The tables of docs/workflows.md: they name existing methods, each row makes the calls that it
//! lists, and together they list every described operation.
#![cfg(all(
    feature = "signed-profile",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "workflows/calls.rs"]
mod calls;
#[path = "workflows/fynd.rs"]
mod fynd;
#[path = "workflows/goodcity.rs"]
mod goodcity;
#[path = "workflows/page.rs"]
mod page;
#[path = "workflows/source.rs"]
mod source;
mod support;
#[path = "workflows/walletcrew.rs"]
mod walletcrew;
#[path = "workflows/wunder.rs"]
mod wunder;

use std::collections::BTreeSet;

use page::Row;
use support::documents::{DOCUMENTS, Document};

/// The systems by their modules.
const SYSTEMS: [&str; 4] = ["wunder", "walletcrew", "goodcity", "fynd"];

/// The tasks that the vendors' pages name, each with its endpoint. GoodCity's name none.
const TASKS: &str = include_str!("data/tasks.tsv");

fn calls_of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> BTreeSet<(&'a str, &'a str)> {
    let calls = rows.into_iter().flat_map(|row| {
        let calls = row.calls.iter();
        calls.map(|call| (row.system(), call.as_str()))
    });
    calls.collect()
}

#[tokio::test]
async fn each_row_makes_the_calls_that_it_names() {
    let mut wrong = Vec::new();
    for row in page::rows() {
        let first_method = row.first_method();
        let made = match row.system() {
            "wunder" => wunder::run(&first_method).await,
            "walletcrew" => walletcrew::run(&first_method).await,
            "goodcity" => goodcity::run(&first_method).await,
            "fynd" => fynd::run(&first_method).await,
            other => panic!("there is no system {other}"),
        };
        if made != row.calls {
            wrong.push((row, made));
        }
    }
    assert!(
        wrong.is_empty(),
        "rows, and the operations they called: {wrong:#?}"
    );
}

#[test]
fn together_the_rows_name_every_described_operation() {
    let rows = page::rows();
    let named = calls_of(&rows);
    let in_flows = calls_of(rows.iter().filter(|row| !row.is_plain));
    let described = SYSTEMS.map(|system| (system, calls::operations(system)));
    let described: BTreeSet<(&str, &str)> = described
        .iter()
        .flat_map(|(system, ids)| ids.iter().map(|id| (*system, id.as_str())))
        .collect();
    assert_eq!(named, described);
    let flows = rows.iter().filter(|row| !row.is_plain).count();
    let plain = named.difference(&in_flows).count();
    let figure = format!("operations={} flows={flows} plain={plain}", described.len());
    support::proof("workflows", &figure);
}

#[test]
fn every_method_that_a_row_names_exists_and_is_tested() {
    let there = SYSTEMS.map(source::methods);
    for method in page::rows().iter().flat_map(|row| &row.methods) {
        let there = there.iter().any(|methods| methods.contains(method));
        assert!(there, "{method:?}");
        let walked = source::run(&method.system).contains(&format!(".{}(", method.name));
        assert!(walked, "{method:?} is not run");
    }
}

#[test]
fn every_task_of_the_vendors_pages_has_a_row_with_its_endpoint() {
    let documents: Vec<_> = DOCUMENTS.iter().map(Document::read).collect();
    let rows = page::rows();
    for task in TASKS.lines().skip(1) {
        let [system, task, method, path] = task.split('\t').collect::<Vec<_>>()[..] else {
            panic!("four cells: {task}");
        };
        let described = documents.iter().filter(|it| it.system() == system);
        let operation = described
            .flat_map(Document::operations)
            .find(|it| it.method.eq_ignore_ascii_case(method) && it.path == path)
            .unwrap_or_else(|| panic!("{method} {path} is not described"));
        let mut rows = rows.iter().filter(|row| row.system() == system);
        let has_row = rows.any(|row| {
            row.tasks.iter().any(|named| named == task) && row.calls.contains(operation.id())
        });
        assert!(has_row, "{task}: {}", operation.id());
    }
}
