//! The table of the kinds of responses, each with the tests that say what callers expect then.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::proof;

/// Lines of a kind, a tab, and the tests: `FILE::FUNCTION`, with files as in `tests/`.
const TABLE: &str = include_str!("../data/outside_cases.tsv");

fn read(file: &str) -> Option<String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    fs::read_to_string(tests.join(file)).ok()
}

/// Why a test of the table does not promise anything, if so.
fn fault(test: &str) -> Option<&'static str> {
    let Some((file, function)) = test.split_once("::") else {
        return Some("it names no function");
    };
    let Some(source) = read(file) else {
        return Some("there is no such file");
    };
    // Cargo builds the files of `tests/` alone; each of the others is a module of one of them.
    if let Some((program, _)) = file.split_once('/') {
        let program = read(&format!("{program}.rs")).unwrap_or_default();
        if !program.contains(&format!("#[path = \"{file}\"]")) {
            return Some("no test program has this file");
        }
    }
    fault_in(&source, function)
}

/// Why a function of a source is no test that runs, if so.
fn fault_in(source: &str, function: &str) -> Option<&'static str> {
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let starts = [format!("fn {function}()"), format!("async fn {function}()")];
    let is_start = |line: &&str| starts.iter().any(|start| line.starts_with(start));
    let Some(at) = lines.iter().position(is_start) else {
        return Some("there is no such function");
    };
    let before = lines[..at].iter().rev();
    let attributes: Vec<_> = before
        .take_while(|line| line.starts_with("#[") || line.starts_with("///"))
        .collect();
    let has = |start: &str| attributes.iter().any(|line| line.starts_with(start));
    if !has("#[test]") && !has("#[tokio::test") {
        return Some("it is no test");
    }
    (has("#[ignore") || has("#[cfg")).then_some("it is not always run")
}

#[test]
fn every_kind_of_response_has_tests_that_run() {
    let (mut kinds, mut faults, mut promised) = (BTreeSet::new(), Vec::new(), 0);
    for line in TABLE.lines().skip(1) {
        let (kind, tests) = line.split_once('\t').expect("a kind and its tests");
        assert!(kinds.insert(kind), "{kind} stands twice");
        let tests = tests.split(' ');
        let found = tests.filter_map(|test| Some(format!("{test}: {}", fault(test)?)));
        let found: Vec<_> = found.collect();
        promised += usize::from(found.is_empty());
        faults.extend(found);
    }
    proof("outside-cases", &format!("{promised}/{}", kinds.len()));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(kinds.len(), 29);
}

#[test]
fn a_test_that_does_not_run_is_a_fault() {
    for (test, reason) in [
        ("", "it names no function"),
        ("outside_cases/none.rs::a", "there is no such file"),
        ("support/mod.rs::proof", "no test program has this file"),
        ("outside_cases/table.rs::a", "there is no such function"),
    ] {
        assert_eq!(fault(test), Some(reason), "{test}");
    }
    let own = "outside_cases/table.rs::a_test_that_does_not_run_is_a_fault";
    assert_eq!(fault(own), None);
    for (attributes, reason) in [
        ("#[test]", None),
        ("/// Why.\n#[tokio::test(flavor = \"multi_thread\")]", None),
        ("", Some("it is no test")),
        ("#[test]\n\n", Some("it is no test")),
        ("#[test]\n#[ignore]", Some("it is not always run")),
        ("#[cfg(windows)]\n#[test]", Some("it is not always run")),
    ] {
        let source = format!("{attributes}\nasync fn a() {{}}\n");
        assert_eq!(fault_in(&source, "a"), reason, "{attributes}");
    }
}
