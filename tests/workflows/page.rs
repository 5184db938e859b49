//! The tables of docs/workflows.md.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../docs/workflows.md");
const DOCS: &str = "https://docs.rs/vestibule/latest/vestibule/";

/// A method that a row names, as its link has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Method {
    /// The module that has the type, which is the system.
    pub system: String,
    pub of: String,
    pub name: String,
}

#[derive(Debug)]
pub struct Row {
    /// The vendor's names of the tasks.
    pub tasks: Vec<String>,
    pub methods: Vec<Method>,
    /// The ids of the operations.
    pub calls: BTreeSet<String>,
    /// Whether no flow makes these calls.
    pub is_plain: bool,
}

impl Row {
    pub fn system(&self) -> &str {
        &self.methods[0].system
    }

    /// The key of a row within its system.
    pub fn first_method(&self) -> String {
        format!("{}::{}", self.methods[0].of, self.methods[0].name)
    }
}

pub fn rows() -> Vec<Row> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| "));
    let rows = rows.filter(|line| *line != "| task | flow | calls |");
    rows.map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
    let [task, flow, calls] = cells.as_slice() else {
        panic!("three cells: {line}");
    };
    let labels = flow.split("][").skip(1);
    let labels = labels.map(|rest| rest.split(']').next().expect("a label"));
    let calls = calls
        .split(", ")
        .map(|call| call.trim_matches('`').to_owned());
    Row {
        tasks: task.split("; ").map(str::to_owned).collect(),
        methods: labels.map(method).collect(),
        calls: calls.collect(),
        is_plain: flow.starts_with("plain calls"),
    }
}

/// The target of a label.
fn method(label: &str) -> Method {
    let start = format!("[{label}]: {DOCS}");
    let target = PAGE.lines().find_map(|line| line.strip_prefix(&start));
    let target = target.unwrap_or_else(|| panic!("{label} has no target"));
    let parts = target.split_once("/struct.").and_then(|(system, rest)| {
        let (of, name) = rest.split_once(".html#method.")?;
        Some((system, of, name))
    });
    let (system, of, name) = parts.unwrap_or_else(|| panic!("{target} is no method"));
    assert!(
        label.ends_with(&format!("{of}::{name}")),
        "{label}: {target}"
    );
    Method {
        system: system.to_owned(),
        of: of.to_owned(),
        name: name.to_owned(),
    }
}
