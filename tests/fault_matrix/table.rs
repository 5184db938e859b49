//! The observed outcomes, as the table in docs/faults.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use vestibule::{Delivery, Error, ErrorKind};

use super::faults::Facts;

const COLUMNS: [&str; 4] = [
    "idempotent",
    "not idempotent",
    "sends a message",
    "carries a code",
];

/// Observed outcomes by fault and kind of operation.
#[derive(Default)]
pub struct Table(BTreeMap<(&'static str, usize), BTreeSet<String>>);

impl Table {
    pub fn add<T>(
        &mut self,
        fault: &'static str,
        facts: Facts,
        requests: usize,
        outcome: &Result<T, Error>,
    ) {
        let column = if facts.is_idempotent {
            0
        } else if facts.carries_code {
            3
        } else if facts.sends_message {
            2
        } else {
            1
        };
        let outcome = match outcome {
            Ok(_) => "success".to_owned(),
            Err(error) => format!("{}{}", kind(error.kind()), delivery(error.delivery())),
        };
        let cell = self.0.entry((fault, column)).or_default();
        cell.insert(format!("{requests}: {outcome}"));
    }

    pub fn merge(&mut self, other: Self) {
        for (key, outcomes) in other.0 {
            self.0.entry(key).or_default().extend(outcomes);
        }
    }

    pub fn markdown(&self, faults: impl Iterator<Item = &'static str>) -> String {
        let mut text = format!(
            "| fault | {} |\n|---|---|---|---|---|\n",
            COLUMNS.join(" | ")
        );
        for fault in faults {
            let cells = (0..COLUMNS.len()).map(|column| {
                let outcomes = self
                    .0
                    .get(&(fault, column))
                    .expect("every cell has outcomes");
                outcomes.iter().cloned().collect::<Vec<_>>().join(" / ")
            });
            let cells: Vec<_> = cells.collect();
            text.push_str(&format!("| {fault} | {} |\n", cells.join(" | ")));
        }
        text
    }
}

fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidInput => "invalid input",
        ErrorKind::Unauthenticated => "unauthenticated",
        ErrorKind::RateLimited => "rate limited",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::StepRequired => "step required",
        ErrorKind::Rejected => "rejected",
        ErrorKind::Misconfigured => "misconfigured",
        ErrorKind::InvalidResponse => "invalid response",
        other => panic!("{other:?} is not in the table"),
    }
}

fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::NotSent => ", not sent",
        Delivery::Unknown => ", delivery unknown",
        _ => "",
    }
}

/// Panics unless docs/faults.md contains this table.
pub fn check_page(table: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.contains(table),
        "docs/faults.md must show this table:\n{table}"
    );
}
