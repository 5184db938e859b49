//! Each flow has an example that shows how to start it, and the example runs against the mock.
//!
//! Flows are the methods of `Client` and `Session` in the modules of the systems, and the methods
//! that the tables on the module pages name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const SYSTEMS: [&str; 4] = ["wunder", "walletcrew", "goodcity", "fynd"];

/// Methods of `Client` and `Session` that start no flow: they create a client, give access to plain
/// calls, read known values, or resume by id.
const NO_FLOWS: [&str; 24] = [
    "builder",
    "api",
    "api_with",
    "auth_api",
    "auth_api_with",
    "user_api",
    "user_api_with",
    "shutdown",
    "resume_session",
    "resume_challenge",
    "resume_codes",
    "resume_password_reset",
    "resume_phone_verification",
    "resume_mfa_enrolment",
    "resume_deletion",
    "phone",
    "language",
    "resume_with_cookies",
    "resume_with_cookies_once",
    "export_cookies",
    // Methods of all sessions, from a macro.
    "id",
    "shared",
    "request",
    "access_token",
];

/// The doc comment of each public method, by `Type::method`.
type Methods = BTreeMap<String, String>;

fn sources(system: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(system);
    let files = fs::read_dir(folder).expect("a folder of the system");
    files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| fs::read_to_string(path).expect("a source"))
        .collect()
}

/// The type in a line such as `impl Client {` or `impl<T> Pages<T> {`; `None` for a trait impl.
fn type_of_impl(line: &str) -> Option<String> {
    let rest = line.strip_prefix("impl")?;
    let rest = match rest.strip_prefix('<') {
        Some(generic) => generic.split_once('>')?.1,
        None => rest,
    };
    let of = rest.strip_suffix('{')?.trim();
    let name: String = of.chars().take_while(|c| c.is_alphanumeric()).collect();
    (!of.contains(" for ") && !name.is_empty()).then_some(name)
}

fn method_of(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("    pub ")?;
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    let rest = rest.strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

fn methods(source: &str, found: &mut Methods) {
    let (mut of, mut docs) = (None, String::new());
    for line in source.lines() {
        if line.starts_with("impl") {
            of = type_of_impl(line);
        }
        if line == "}" {
            of = None;
        }
        match line.trim_start().strip_prefix("///") {
            Some(doc) => docs.extend([doc.strip_prefix(' ').unwrap_or(doc), "\n"]),
            None if line.trim_start().starts_with("#[") => {}
            None => {
                if let (Some(of), Some(method)) = (&of, method_of(line)) {
                    found.insert(format!("{of}::{method}"), docs.clone());
                }
                docs.clear();
            }
        }
    }
}

/// The methods in the table on a module's page: `[`Type::method`]`.
fn named_by_the_page(source: &str) -> BTreeSet<String> {
    let rows = source.lines().filter(|line| line.starts_with("//! |"));
    let links = rows.flat_map(|row| row.split("[`").skip(1));
    let names = links.filter_map(|link| link.split_once("`]").map(|(name, _)| name));
    let names = names.filter(|name| name.contains("::"));
    names.map(str::to_owned).collect()
}

/// The examples that run: blocks of Rust without an attribute such as `ignore`.
fn running_examples(docs: &str) -> Vec<String> {
    let mut examples = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in docs.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(words), None) => open = Some((words.is_empty(), String::new())),
            (Some(_), Some((runs, text))) => examples.extend(runs.then_some(text)),
            (None, Some((runs, text))) => open = Some((runs, text + line + "\n")),
            (None, None) => {}
        }
    }
    examples
}

/// What the examples of a flow lack, if anything.
fn missing_example(name: &str, docs: &str) -> Option<&'static str> {
    let (of, method) = name.split_once("::").expect("a method of a type");
    let calls = |text: &str| {
        text.contains(&format!(".{method}(")) || text.contains(&format!("{of}::{method}("))
    };
    let examples = running_examples(docs);
    let example = examples.iter().find(|example| calls(example));
    match example {
        None => Some("no example that runs calls it"),
        Some(example) if !example.contains("testing::") => Some("its example has no mock"),
        Some(example) if !example.contains("assert") => Some("its example cannot fail"),
        Some(_) => None,
    }
}

#[test]
fn each_flow_has_an_example_that_runs_against_its_mock() {
    let (mut flows, mut lacking) = (0, Vec::new());
    for system in SYSTEMS {
        let mut found = Methods::new();
        let mut named = BTreeSet::new();
        for source in sources(system) {
            methods(&source, &mut found);
            named.extend(named_by_the_page(&source));
        }
        let begins = |name: &&String| {
            let (of, method) = name.split_once("::").expect("a method of a type");
            matches!(of, "Client" | "Session") && !NO_FLOWS.contains(&method)
        };
        let begun: BTreeSet<String> = found.keys().filter(begins).cloned().collect();
        for missing in begun.difference(&named) {
            lacking.push(format!(
                "{system} {missing}: the page's table does not name it"
            ));
        }
        for name in begun.union(&named) {
            flows += 1;
            let docs = found.get(name);
            let docs = docs.unwrap_or_else(|| panic!("{system} has no method {name}"));
            lacking
                .extend(missing_example(name, docs).map(|why| format!("{system} {name}: {why}")));
        }
    }
    assert!(
        flows > 70,
        "{flows} flows are too few: the sources are read wrong"
    );
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
    support::proof("flow-examples", &format!("{flows}/{flows}"));
}

#[test]
fn examples_that_do_not_run_or_show_another_method_do_not_count() {
    let block = |words: &str, text: &str| format!("Sends.\n\n```{words}\n{text}\n```\n");
    let good = "# testing::Wunder\nclient.send();\n# assert!(true);";
    assert_eq!(missing_example("Client::send", &block("", good)), None);
    for (docs, why) in [
        (block("no_run", good), "no example that runs calls it"),
        (block("compile_fail", good), "no example that runs calls it"),
        (
            block("", "client.other();"),
            "no example that runs calls it",
        ),
        (
            block("", "client.send();\nassert!(true);"),
            "its example has no mock",
        ),
        (
            block("", "testing::Wunder\nclient.send();"),
            "its example cannot fail",
        ),
    ] {
        assert_eq!(missing_example("Client::send", &docs), Some(why), "{docs}");
    }
}
