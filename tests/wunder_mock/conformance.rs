//! Validates a response against the documents.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::support::documents::{Document, Operation};

/// The two documents with their operations.
pub fn documents() -> &'static [(Document, Vec<Operation>)] {
    static DOCUMENTS: OnceLock<Vec<(Document, Vec<Operation>)>> = OnceLock::new();
    DOCUMENTS.get_or_init(|| {
        let documents = ["wunder-auth", "wunder-user"].iter().map(Document::read);
        documents
            .map(|document| {
                let operations = document.operations();
                (document, operations)
            })
            .collect()
    })
}

pub fn id(operation: &Operation) -> &str {
    operation.value["operationId"].as_str().unwrap()
}

/// A tally of the responses of one mock.
#[derive(Default)]
pub struct Tally {
    pub responses: usize,
    /// The operations that succeeded.
    pub succeeded: BTreeSet<&'static str>,
    pub refused: BTreeSet<&'static str>,
    pub codes: BTreeSet<String>,
    pub violations: Vec<String>,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.responses += other.responses;
        self.succeeded.extend(other.succeeded);
        self.refused.extend(other.refused);
        self.codes.extend(other.codes);
        self.violations.extend(other.violations);
    }
}

/// Violations of the document in a response.
pub fn violations(
    document: &Document,
    operation: &Operation,
    status: u16,
    headers: &HeaderMap,
    bytes: &[u8],
) -> Vec<String> {
    let mut found = Vec::new();
    let responses = operation.value["responses"].as_object().unwrap();
    let described = responses.get(&status.to_string());
    let Some(response) = described.or_else(|| responses.get(&format!("{}XX", status / 100))) else {
        return vec!["this status is not described".to_owned()];
    };
    let response = document.resolve(response);
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let schema = &document.resolve(header)["schema"];
        match headers.get(name).map(|value| value.to_str().unwrap()) {
            Some(text) => {
                let value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
                found.extend(document.errors(schema, &value));
            }
            None => found.push(format!("{name} is missing")),
        }
    }
    let content = &response["content"]["application/json"];
    if content.is_null() {
        if !bytes.is_empty() {
            found.push("a body is not described".to_owned());
        }
        return found;
    }
    if headers
        .get("content-type")
        .is_none_or(|it| it != "application/json")
    {
        found.push("it is not labelled as JSON".to_owned());
    }
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else {
        found.push("the body is no JSON".to_owned());
        return found;
    };
    found.extend(document.errors(&content["schema"], &body));
    if has_null(&body) {
        found.push("a member is null".to_owned());
    }
    if status >= 400 && (body["httpStatus"] != status || !body["errorCode"].is_string()) {
        found.push("the error has no code".to_owned());
    }
    found
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}
