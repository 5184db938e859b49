//! Validates a response against the document.

use serde_json::Value;

use super::harness::Reply;
use super::support::documents::{Document, Operation};

/// Checks status, content type and schema; in addition, no member may be null or undescribed.
pub fn problems(
    document: &Document,
    operation: &Operation,
    reply: &Reply,
    kind: &str,
) -> Vec<String> {
    let responses = &operation.value["responses"];
    let pattern = format!("{}XX", reply.status / 100);
    let response = [reply.status.to_string(), pattern]
        .iter()
        .find_map(|status| responses.get(status));
    let place = |problem: String| {
        let id = &operation.value["operationId"];
        format!("{id} {}: {problem}", reply.status)
    };
    let Some(response) = response else {
        return vec![place("the status is not described".to_owned())];
    };
    let content = &document.resolve(response)["content"]["application/json"];
    let mut problems = document.errors(&content["schema"], &reply.body);
    if kind != "application/json" {
        problems.push(format!("the content type is {kind:?}"));
    }
    undocumented(document, &content["schema"], &reply.body, "", &mut problems);
    problems.into_iter().map(place).collect()
}

/// Members that are null or not described.
fn undocumented(
    document: &Document,
    schema: &Value,
    value: &Value,
    at: &str,
    found: &mut Vec<String>,
) {
    let whole = match &schema["allOf"][0] {
        Value::Null => schema,
        reference => reference,
    };
    let schema = document.resolve(whole);
    match value {
        Value::Null => found.push(format!("{at} is null")),
        Value::Array(items) => {
            for item in items {
                undocumented(document, &schema["items"], item, at, found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let at = format!("{at}/{name}");
                match (schema.get("properties"), schema["properties"].get(name)) {
                    // Free-form: any member is allowed.
                    (None, _) if schema["additionalProperties"] == true => {}
                    (_, Some(described)) => undocumented(document, described, member, &at, found),
                    _ => found.push(format!("{at} is not described")),
                }
            }
        }
        _ => {}
    }
}
