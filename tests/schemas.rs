//! Every type of a request or a response has a JSON schema that its documented examples fit.
#![cfg(all(
    feature = "schemars",
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::documents::{DOCUMENTS, Document};
use vestibule::schema::{self, NamedSchema};

fn schemas_of(document: &Document) -> Vec<NamedSchema> {
    let system = document.name.split('-').next().unwrap();
    let all = schema::all().into_iter();
    all.filter(|named| named.system().as_str() == system)
        .collect()
}

/// Rust writes `APIError` as `ApiError`.
fn rust_name(name: &str) -> String {
    name.to_ascii_lowercase()
}

#[test]
fn every_schema_of_the_documents_is_a_type_with_a_schema() {
    for document in DOCUMENTS.iter().map(Document::read) {
        let types = schemas_of(&document).into_iter();
        let types: BTreeSet<String> = types.map(|named| rust_name(named.name())).collect();
        for name in document.root["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
        {
            assert!(
                types.contains(&rust_name(name)),
                "{} has no type {name}",
                document.name
            );
        }
    }
}

#[test]
fn the_examples_of_the_documents_fit_the_schemas_of_the_types() {
    let mut checked = 0;
    for document in DOCUMENTS.iter().map(Document::read) {
        let types = schemas_of(&document);
        for operation in document.operations() {
            let bodies = operation.value["responses"].as_object().unwrap().values();
            let bodies = bodies.chain(operation.value.get("requestBody"));
            for body in bodies.map(|body| document.resolve(body)) {
                let content = &body["content"]["application/json"];
                let Some(example) = support::documents::example(content) else {
                    continue;
                };
                let name = content["schema"]["$ref"]
                    .as_str()
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap();
                let mut same_name = types
                    .iter()
                    .filter(|named| rust_name(named.name()) == rust_name(name));
                let fits = |named: &NamedSchema| {
                    let schema: Value = named.schema().into();
                    jsonschema::draft202012::is_valid(&schema, &example)
                };
                assert!(same_name.any(fits), "{} {name}", document.name);
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "only {checked} examples were found");
}

/// The members whose values are secrets, in a JSON schema or an OpenAPI schema.
fn secret_members(schema: &Value) -> BTreeSet<String> {
    let is_secret = |schema: &Value| schema["format"] == "password";
    let members = schema["properties"].as_object().into_iter().flatten();
    members
        .filter(|(_, member)| {
            let choices = member["anyOf"].as_array();
            is_secret(member)
                || is_secret(&member["items"])
                || choices.is_some_and(|choices| choices.iter().any(is_secret))
        })
        .map(|(name, _)| name.clone())
        .collect()
}

#[test]
fn every_documented_secret_is_a_secret_of_its_type() {
    let mut secrets = 0;
    for document in DOCUMENTS.iter().map(Document::read) {
        let types = schemas_of(&document);
        for (name, schema) in document.root["components"]["schemas"].as_object().unwrap() {
            let documented = secret_members(schema);
            let mut same_name = types
                .iter()
                .filter(|named| rust_name(named.name()) == rust_name(name));
            let alike = |named: &NamedSchema| secret_members(&named.schema().into()) == documented;
            assert!(
                same_name.any(alike),
                "{} {name}: {documented:?}",
                document.name
            );
            secrets += documented.len();
        }
    }
    assert!(secrets > 60, "only {secrets} secrets are documented");
}
