//! The documents describe every documented operation, and mark every other as undocumented.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::documents::{DOCUMENTS, Document};
use support::proof;

/// The vendors' operations: system, method, path and credential.
const DOCUMENTED: &str = include_str!("data/operations.tsv");

fn system(document: &Document) -> &str {
    document.name.split('-').next().unwrap()
}

/// The credential in the notation of the list: `+` for both, `?` for optional.
fn credential(security: &Value) -> String {
    let alternatives = security.as_array().expect("`security` is a list");
    if alternatives.is_empty() {
        return "none".to_owned();
    }
    let names: BTreeSet<&str> = alternatives
        .iter()
        .flat_map(|alternative| alternative.as_object().unwrap().keys())
        .map(String::as_str)
        .collect();
    let word = |name: &&str| {
        let always = alternatives
            .iter()
            .all(|alternative| alternative.get(*name).is_some());
        format!("{name}{}", if always { "" } else { "?" })
    };
    names.iter().map(word).collect::<Vec<_>>().join("+")
}

fn row(system: &str, method: &str, path: &str, credential: &str) -> String {
    format!("{system} {method} {path} {credential}")
}

#[test]
fn the_documents_describe_each_documented_operation_and_no_other() {
    let documented: BTreeSet<String> = DOCUMENTED
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            row(cells[0], cells[1], cells[2], cells[3])
        })
        .collect();
    let mut described = BTreeSet::new();
    for document in DOCUMENTS.iter().map(Document::read) {
        for operation in document.operations() {
            if operation.value["x-beyond-documentation"] == true {
                continue;
            }
            let credential = credential(&operation.value["security"]);
            let method = operation.method.to_uppercase();
            let new = described.insert(row(
                system(&document),
                &method,
                &operation.path,
                &credential,
            ));
            assert!(new, "{method} {} is described twice", operation.path);
        }
    }
    let found = documented.intersection(&described).count();
    proof(
        "operations-described",
        &format!("{found}/{}", documented.len()),
    );
    assert_eq!(described, documented);
}

#[test]
fn every_operation_is_explained_with_examples() {
    for document in DOCUMENTS.iter().map(Document::read) {
        for operation in document.operations() {
            let place = format!("{} {} {}", document.name, operation.method, operation.path);
            let described = operation.value["description"].as_str().unwrap_or_default();
            assert!(described.len() > 60, "{place}: the description says little");
            if let Some(body) = operation.value.get("requestBody") {
                let json = &body["content"]["application/json"];
                assert!(
                    json.get("example").is_some() || json.get("examples").is_some(),
                    "{place}: the request has no example"
                );
            }
            for (status, response) in operation.value["responses"].as_object().unwrap() {
                let response = document.resolve(response);
                for (kind, content) in response["content"].as_object().into_iter().flatten() {
                    assert!(
                        content.get("example").is_some() || content.get("examples").is_some(),
                        "{place}: {status} {kind} has no example"
                    );
                }
            }
        }
    }
}

/// The type of a field in the notation of the facts: kind, format, reference, list or not, known
/// values.
#[derive(Debug, PartialEq)]
struct Shape {
    kind: String,
    format: Option<String>,
    reference: Option<String>,
    list: bool,
    values: Vec<String>,
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(text)
        .collect()
}

/// The shape of a property in a document.
fn described_shape(property: &Value) -> Shape {
    let list = property["type"] == "array";
    let item = if list { &property["items"] } else { property };
    let reference = text(&item["$ref"]).or_else(|| text(&item["allOf"][0]["$ref"]));
    let reference = reference.map(|path| path.rsplit('/').next().unwrap().to_owned());
    Shape {
        kind: if reference.is_some() {
            "object".into()
        } else {
            text(&item["type"]).unwrap_or_default()
        },
        // A secret is a string in the facts.
        format: text(&item["format"]).filter(|format| format != "password"),
        reference,
        list,
        values: texts(&item["enum"]),
    }
}

/// The shape of a field in the facts.
fn known_shape(field: &Value) -> Shape {
    Shape {
        kind: text(&field["type"]).unwrap(),
        format: text(&field["format"]),
        reference: text(&field["ref"]),
        list: field["array"] == true,
        values: texts(&field["enum"]),
    }
}

#[test]
fn fynds_schemas_are_the_documented_ones_field_by_field() {
    let facts: Value = serde_json::from_str(include_str!("data/fynd-schemas.json")).unwrap();
    let document = Document::read(&"fynd");
    let schemas = document.root["components"]["schemas"].as_object().unwrap();
    let names: BTreeSet<&String> = facts.as_object().unwrap().keys().collect();
    assert_eq!(schemas.keys().collect::<BTreeSet<_>>(), names);
    let (mut right, mut total) = (0, 0);
    for (name, fields) in facts.as_object().unwrap() {
        let fields = fields.as_array().unwrap();
        let properties = schemas[name]["properties"].as_object();
        assert_eq!(
            properties.map_or(0, |properties| properties.len()),
            fields.len(),
            "{name}"
        );
        assert!(
            schemas[name].get("required").is_none(),
            "{name}: every field is optional"
        );
        for field in fields {
            total += 1;
            let field_name = field["name"].as_str().unwrap();
            let property = &schemas[name]["properties"][field_name];
            assert_eq!(
                described_shape(property),
                known_shape(field),
                "{name}.{field_name}"
            );
            assert!(
                property["description"].is_string(),
                "{name}.{field_name} is not explained"
            );
            right += 1;
        }
    }
    proof("fynd-fields", &format!("{right}/{total}"));
}

#[test]
fn fynds_operations_use_the_documented_schemas() {
    let facts: Value = serde_json::from_str(include_str!("data/fynd-operations.json")).unwrap();
    let document = Document::read(&"fynd");
    let described = document.operations();
    for fact in facts.as_array().unwrap() {
        let (method, path) = (
            fact["method"].as_str().unwrap(),
            fact["path"].as_str().unwrap(),
        );
        let operation = described
            .iter()
            .find(|operation| operation.path == path && operation.method.to_uppercase() == method)
            .unwrap_or_else(|| panic!("{method} {path} is not described"));
        let schema = |content: &Value| {
            described_shape(&content["content"]["application/json"]["schema"]).reference
        };
        let request = schema(&operation.value["requestBody"]);
        assert_eq!(request, text(&fact["request"]), "{method} {path}");
        for known in fact["responses"].as_array().unwrap() {
            let status = known["status"].to_string();
            let response = document.resolve(&operation.value["responses"][status.as_str()]);
            assert!(!response.is_null(), "{method} {path} lacks {status}");
            assert_eq!(
                schema(response),
                text(&known["schema"]),
                "{method} {path} {status}"
            );
        }
        let parameters: Vec<&Value> = operation.value["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| document.resolve(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .collect();
        let known = fact["query"].as_array().unwrap();
        assert_eq!(parameters.len(), known.len(), "{method} {path}");
        for query in known {
            let parameter = parameters
                .iter()
                .find(|parameter| parameter["name"] == query["name"])
                .unwrap_or_else(|| panic!("{method} {path} lacks {}", query["name"]));
            assert_eq!(parameter["required"] == true, query["required"] == true);
            assert_eq!(
                parameter["schema"]["default"], query["default"],
                "{method} {path}"
            );
            assert_eq!(
                parameter["schema"]["type"], query["type"],
                "{method} {path}"
            );
        }
    }
}
