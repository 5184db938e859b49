//! `docs/operations.md` lists every described operation and matches the documents.
//!
//! `scripts/operations-table.sh` regenerates it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;
use support::documents::{DOCUMENTS, Document, Operation};

/// The Rust type that has the calls of a document.
fn api(document: &str) -> (&'static str, &'static str) {
    match document {
        "wunder-auth" => (
            "Wunder Mobility, Authentication API",
            "wunder::auth_api::AuthApi",
        ),
        "wunder-user" => ("Wunder Mobility, User API", "wunder::user_api::UserApi"),
        "walletcrew" => ("The Wallet Crew", "walletcrew::api::Api"),
        "goodcity" => ("GoodCity", "goodcity::api::Api"),
        "fynd" => ("Fynd", "fynd::api::Api"),
        other => panic!("{other} has no API"),
    }
}

fn credential(operation: &Operation) -> String {
    let alternatives = operation.value["security"].as_array().unwrap();
    let words = ["application", "session", "bootstrapSignature"]
        .into_iter()
        .filter_map(|name| {
            let uses = alternatives
                .iter()
                .filter(|set| set.get(name).is_some())
                .count();
            let word = if name == "bootstrapSignature" {
                "signature"
            } else {
                name
            };
            match uses {
                0 => None,
                uses if uses == alternatives.len() => Some(word.to_owned()),
                _ => Some(format!("{word} (optional)")),
            }
        });
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}

fn idempotency(operation: &Operation) -> String {
    let flag = |name: &str| operation.value[name] == true;
    let mut text = operation.value["x-repeat"].as_str().unwrap().to_owned();
    if flag("x-sends-message") {
        text.push_str(", sends a message");
    }
    if flag("x-carries-code") {
        text.push_str(", carries a code");
    }
    text
}

fn table() -> String {
    let mut text = String::from(
        "# Operations\n\n\
         Every call that the crate describes, as the documents in `openapi/` have it. Written by\n\
         `scripts/operations-table.sh`; the tests fail when it is stale.\n\n\
         *Repeat*: a `safe` call is repeated after faults that may pass, a `once` call only if the\n\
         server certainly did not process it.\n",
    );
    for document in DOCUMENTS.iter().map(Document::read) {
        let (title, api) = api(&document.name);
        let operations = document.operations();
        write!(
            text,
            "\n## {title}\n\n`vestibule::{api}`, {} operations.\n\n",
            operations.len()
        )
        .unwrap();
        text.push_str("| call | method | path | credential | repeat |\n|---|---|---|---|---|\n");
        for operation in operations {
            let id = operation.value["operationId"].as_str().unwrap();
            let beyond = match operation.value["x-beyond-documentation"] {
                Value::Bool(true) => " (not in the vendor's documentation)",
                _ => "",
            };
            writeln!(
                text,
                "| `{id}`{beyond} | {} | `{}` | {} | {} |",
                operation.method.to_uppercase(),
                operation.path,
                credential(&operation),
                idempotency(&operation),
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn the_table_of_operations_matches_the_documents() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let table = table();
    if env::var_os("WRITE_OPERATIONS_TABLE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &table).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == table,
        "docs/operations.md is stale: run scripts/operations-table.sh"
    );
}
