//! The table of what happens to sessions, each with the tests that say what is right then.

use crate::support::case_table::check;

#[test]
fn every_case_has_tests_that_run() {
    check(
        include_str!("../data/outside_sessions.tsv"),
        "outside-sessions",
        22,
    );
}
