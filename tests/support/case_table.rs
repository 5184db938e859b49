//! A table of cases, each with the tests that promise what is right then.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::proof;

fn read(file: &str) -> Option<String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    fs::read_to_string(tests.join(file)).ok()
}

/// Why a test of the table does not promise anything, if so.
pub fn fault(test: &str) -> Option<&'static str> {
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
pub fn fault_in(source: &str, function: &str) -> Option<&'static str> {
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

/// Checks that the tests of a table run, and writes the proof. The lines have a case, a tab, and its tests:
/// `FILE::FUNCTION`, with files as in `tests/`.
pub fn check(table: &str, name: &str, cases: usize) {
    let (mut known, mut faults, mut promised) = (BTreeSet::new(), Vec::new(), 0);
    for line in table.lines().skip(1) {
        let (case, tests) = line.split_once('\t').expect("a case and its tests");
        assert!(known.insert(case), "{case} stands twice");
        let tests = tests.split(' ');
        let found = tests.filter_map(|test| Some(format!("{test}: {}", fault(test)?)));
        let found: Vec<_> = found.collect();
        promised += usize::from(found.is_empty());
        faults.extend(found);
    }
    proof(name, &format!("{promised}/{}", known.len()));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(known.len(), cases);
}
