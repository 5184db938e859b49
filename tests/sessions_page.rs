//! The page "Sessions" names existing tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

/// The tests that the page names, as file and function.
fn named_tests(page: &str) -> Vec<(String, String)> {
    let words = page.split('`').skip(1).step_by(2);
    let paths = words.filter_map(|word| word.rsplit_once("::"));
    let is_name = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_lowercase() || b"_:".contains(&byte))
    };
    paths
        .filter(|(file, test)| is_name(file) && is_name(test) && *file != "testing")
        .map(|(file, test)| (file.replace("::", "/"), test.to_owned()))
        .collect()
}

#[test]
fn every_guarantee_of_sessions_names_an_existing_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("src/session/guide.md")).unwrap();
    let guarantees = page
        .split("# What is guaranteed")
        .nth(1)
        .and_then(|rest| rest.split("# What is not").next())
        .expect("the page lists the guarantees");
    let named = named_tests(guarantees);
    for (file, test) in &named {
        let of_a_folder = root.join(format!("tests/{file}/mod.rs"));
        let source = fs::read_to_string(root.join(format!("tests/{file}.rs")))
            .or_else(|_| fs::read_to_string(of_a_folder))
            .unwrap_or_else(|_| panic!("tests/{file}.rs does not exist"));
        assert!(
            source.contains(&format!("fn {test}()")),
            "{file}::{test} does not exist"
        );
    }
    for guarantee in guarantees.split("\n- ").skip(1) {
        assert!(
            !named_tests(guarantee).is_empty(),
            "names no test: {guarantee}"
        );
    }
    assert!(named.len() > 10, "only {} tests are named", named.len());
}
