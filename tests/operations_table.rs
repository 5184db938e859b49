//! `docs/operations.md` lists every described operation, and `tests/support/operations.rs` makes each
//! callable by its id; both match the documents.
//!
//! `scripts/operations-table.sh` regenerates both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// Only the documents of `support`: the calls by id may be stale and not compile.
#[path = "support/documents.rs"]
#[allow(dead_code)]
mod documents;
#[path = "support/provenance.rs"]
#[allow(dead_code)]
mod provenance;

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use documents::{DOCUMENTS, Document, Operation, rust_name};

/// The Rust type with the calls of a document.
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
    let idempotent = operation.value["x-idempotent"].as_bool().unwrap();
    let mut text = String::from(if idempotent { "yes" } else { "no" });
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
         An *idempotent* call is retried after transient failures, any other only if the server\n\
         certainly did not process it. *Known from*: the vendor's page that this crate covers, a source\n\
         beyond it, or an assumption; then how many places of the description that the call uses say\n\
         `x-source` or `x-assumption`.\n",
    );
    for document in DOCUMENTS.iter().map(Document::read) {
        let (title, api) = api(&document.name);
        let facts = provenance::facts(&document, &provenance::page(&document));
        let operations = document.operations();
        write!(
            text,
            "\n## {title}\n\n`vestibule::{api}`, {} operations.\n\n",
            operations.len()
        )
        .unwrap();
        text.push_str(
            "| call | method | path | credential | idempotent | known from |\n\
             |---|---|---|---|---|---|\n",
        );
        for operation in operations {
            let id = operation.value["operationId"].as_str().unwrap();
            let method = operation.method.to_uppercase();
            let line = format!("{method} {}", operation.path);
            let known = provenance::summary(&document, &facts, &line);
            writeln!(
                text,
                "| `{id}` | {method} | `{}` | {} | {} | {known} |",
                operation.path,
                credential(&operation),
                idempotency(&operation),
            )
            .unwrap();
        }
    }
    text
}

/// The arguments of an operation with their types: the required one of its call, and the others.
fn arguments(document: &Document, operation: &Operation) -> (String, String) {
    let (mut required, mut optional) = (Vec::new(), Vec::new());
    let parameters = operation.value["parameters"].as_array();
    for parameter in parameters.into_iter().flatten() {
        let parameter = document.resolve(parameter);
        if !documents::is_argument(parameter) {
            continue;
        }
        let name = rust_name(parameter["name"].as_str().unwrap());
        let schema = document.resolve(&parameter["schema"]);
        let kind = match (schema["type"].as_str().unwrap(), schema["format"].as_str()) {
            ("string", Some("password")) => "vestibule::Secret",
            ("string", _) => "String",
            ("boolean", _) => "bool",
            ("integer", Some("int32")) => "i32",
            ("integer", _) => "i64",
            ("number", _) => "f64",
            (other, _) => panic!("{other} is no type of a parameter"),
        };
        let argument = format!("{name}: {kind}");
        match parameter["required"] == true {
            true => required.push((name, argument)),
            false => optional.push(argument),
        }
    }
    let required = match required.as_slice() {
        [(name, _)] => name.clone(),
        several => {
            optional.extend(several.iter().map(|(_, argument)| argument.clone()));
            String::new()
        }
    };
    if let Some(body) = operation.value.get("requestBody") {
        let body = &document.resolve(body)["content"]["application/json"]["schema"]["$ref"];
        let (_, name) = body.as_str().unwrap().rsplit_once('/').unwrap();
        optional.push(format!("body: types::{name}"));
    }
    (required, optional.join(", "))
}

fn calls() -> String {
    let mut text = String::from(
        "//! Every described operation with the arguments of its typed call. Written by\n\
         //! `scripts/operations-table.sh`; the tests fail when it is stale.\n",
    );
    for document in DOCUMENTS.iter().map(Document::read) {
        let (_, api) = api(&document.name);
        let (module, client) = api.rsplit_once("::").unwrap();
        let name = document.name.replace('-', "_");
        let import = match client {
            "Api" => "Api, types".to_owned(),
            client => format!("{client} as Api, types"),
        };
        writeln!(text, "\npub mod {name} {{").unwrap();
        writeln!(text, "    use vestibule::{module}::{{{import}}};").unwrap();
        writeln!(text, "\n    calls! {{").unwrap();
        for operation in document.operations() {
            let (required, others) = arguments(&document, &operation);
            let call = format!("{}({required}; {others})", operation.id());
            writeln!(text, "        {}", call.replace("; )", ";)")).unwrap();
        }
        text.push_str("    }\n}\n");
    }
    text
}

/// Compares a file with its expected content; writes it first if the variable is set.
fn check(file: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if env::var_os("WRITE_OPERATIONS_TABLE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, expected).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == expected,
        "{} is stale: run scripts/operations-table.sh",
        file.display()
    );
}

#[test]
fn the_table_of_operations_matches_the_documents() {
    check("docs/operations.md", &table());
}

#[test]
fn the_calls_by_id_match_the_documents() {
    check("tests/support/operations.rs", &calls());
}
