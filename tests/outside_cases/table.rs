//! The table of the kinds of responses, each with the tests that say what callers expect then.

use crate::support::case_table::{check, fault, fault_in};

#[test]
fn every_kind_of_response_has_tests_that_run() {
    let table = include_str!("../data/outside_cases.tsv");
    check(table, "outside-cases", 29);
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
