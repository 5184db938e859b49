//! `fuzz/arguments.json` contains the arguments and the policy of each described operation and matches
//! the documents.
//!
//! `scripts/fuzz-arguments.sh` regenerates it.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/documents.rs"]
#[allow(dead_code)]
mod documents;

use std::path::Path;
use std::{env, fs};

use documents::{DOCUMENTS, Document};
use serde_json::{Map, Value, json};

fn arguments() -> String {
    let mut all = Map::new();
    for document in DOCUMENTS.iter().map(Document::read) {
        let operations = document.operations();
        let arguments = operations.iter().map(|operation| {
            let described = json!({
                "arguments": operation.call_arguments(&document, None),
                "carries_code": operation.carries_code(),
                "needs_session": operation.needs_session(),
                "sends_message": operation.sends_message(),
            });
            (operation.id().to_owned(), described)
        });
        let arguments: Map<String, Value> = arguments.collect();
        all.insert(document.name.clone(), arguments.into());
    }
    let mut text = serde_json::to_string_pretty(&all).unwrap();
    text.push('\n');
    text
}

#[test]
fn the_arguments_of_the_fuzz_targets_match_the_documents() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/arguments.json");
    let arguments = arguments();
    if env::var_os("WRITE_FUZZ_ARGUMENTS").is_some() {
        fs::write(&file, &arguments).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == arguments,
        "fuzz/arguments.json is stale: run scripts/fuzz-arguments.sh"
    );
}
