//! Rules for operations beyond their keys: names, tags, paths and parameters.

use serde_json::Value;

use super::names;
use crate::build::document::{Document, Operation, is_argument, is_client_setting, is_signature};

/// Names that a generated client has already, as methods or as constants.
const TAKEN_CALLS: [&str; 5] = ["all", "base_path", "client", "clone", "new"];

/// Names that the builder of a call has already, as fields or as methods.
const TAKEN_ARGUMENTS: [&str; 6] = ["body", "body_map", "client", "clone", "new", "send"];

pub fn check(document: &Document) -> Result<(), String> {
    let declared: Vec<&str> = document.root["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|tag| tag["name"].as_str())
        .collect();
    for (number, tag) in declared.iter().enumerate() {
        if declared[..number].contains(tag) {
            return Err(document.fault(format!("tag `{tag}` is declared twice")));
        }
    }
    let operations = document.operations();
    if operations.is_empty() {
        return Err(document.fault("`paths` has no operation"));
    }
    for (number, operation) in operations.iter().enumerate() {
        let checked = name(operation.id(), &operations[..number])
            .and_then(|()| tag(operation, &declared))
            .and_then(|()| parameters(operation));
        checked.map_err(|what| operation.fault(what))?;
    }
    Ok(())
}

fn name(id: &str, others: &[Operation<'_>]) -> Result<(), String> {
    let type_name = names::type_name(id);
    if TAKEN_CALLS.contains(&id)
        || names::argument(id).ends_with('_')
        || !names::is_identifier(id)
        || names::is_relied_on(&type_name)
    {
        return Err(format!("operationId `{id}` cannot be a name in Rust"));
    }
    if id != names::argument(id) {
        return Err(format!("operationId `{id}` must be snake_case"));
    }
    let mut others = others.iter().map(Operation::id);
    match others.find(|other| names::type_name(other) == type_name) {
        None => Ok(()),
        Some(other) if other == id => Err(format!("operationId `{id}` is used twice")),
        Some(other) => Err(format!(
            "the operationIds `{other}` and `{id}` both become `{type_name}`"
        )),
    }
}

fn tag(operation: &Operation<'_>, declared: &[&str]) -> Result<(), String> {
    let tags = operation.object.get("tags").and_then(Value::as_array);
    let Some([tag]) = tags.map(Vec::as_slice) else {
        return Err("an operation has exactly one tag".into());
    };
    let tag = tag.as_str().unwrap_or_default();
    if !declared.contains(&tag) {
        return Err(format!("tag `{tag}` is not declared in `tags`"));
    }
    Ok(())
}

/// The names in the braces of a path.
fn names_in(path: &str) -> Result<Vec<&str>, &'static str> {
    if !path.starts_with('/') || path.contains("//") {
        return Err("a path starts with `/` and has no empty part");
    }
    if path.contains(|c: char| !c.is_ascii_graphic() || "?#%\"\\".contains(c)) {
        return Err("a path holds no query, no fragment and nothing that must be encoded");
    }
    let (mut names, mut rest) = (Vec::new(), path);
    while let Some((_, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("a brace is not closed")?;
        if names.contains(&name) {
            return Err("the path names a parameter twice");
        }
        names.push(name);
        rest = after;
    }
    if path.matches('}').count() != names.len() || names.iter().any(|name| name.contains('{')) {
        return Err("the braces in the path do not hold names");
    }
    Ok(names)
}

fn parameters(operation: &Operation<'_>) -> Result<(), String> {
    let in_path = names_in(operation.path)?;
    let mut seen = Vec::new();
    let mut arguments = Vec::new();
    for parameter in operation.parameters() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let place = parameter["in"].as_str().unwrap_or_default();
        if seen.contains(&(place, name)) {
            return Err(format!("{place} parameter `{name}` is declared twice"));
        }
        seen.push((place, name));
        one_parameter(operation, parameter)?;
        if place == "path" && !in_path.contains(&name) {
            return Err(format!("path parameter `{name}` is not in the path"));
        }
        if !is_argument(parameter) {
            continue;
        }
        let argument = names::argument(name);
        if TAKEN_ARGUMENTS.contains(&argument.as_str()) {
            return Err(format!(
                "parameter `{name}` becomes `{argument}`, which is taken"
            ));
        }
        arguments.push((name.to_owned(), argument));
    }
    let mut in_path = in_path.into_iter();
    if let Some(name) = in_path.find(|name| !seen.contains(&("path", name))) {
        return Err(format!("`{{{name}}}` is not a declared path parameter"));
    }
    names::clash("parameters", arguments)
}

/// Accepts what a signature adds to a query.
fn signature_parameter(parameter: &Value) -> Result<(), &'static str> {
    if is_client_setting(parameter) {
        return Err("cannot be a setting of the client too");
    }
    match parameter["in"] == "query" && parameter["schema"]["type"] == "string" {
        true => Ok(()),
        false => Err("must be text in the query"),
    }
}

/// Accepts what the pipeline can put into a path or a query.
fn one_parameter(operation: &Operation<'_>, parameter: &Value) -> Result<(), String> {
    let name = parameter["name"].as_str().unwrap_or_default();
    let place = parameter["in"].as_str().unwrap_or_default();
    let required = parameter["required"] == true;
    let setting = is_client_setting(parameter);
    if is_signature(parameter) {
        return signature_parameter(parameter)
            .map_err(|what| format!("`x-signature` parameter `{name}` {what}"));
    }
    match place {
        "path" if !required => {
            return Err(format!("path parameter `{name}` must be `required: true`"));
        }
        "path" | "header" | "cookie" if setting => return Ok(()),
        "path" => {}
        "query" if !setting => {}
        "query" => {
            return Err(format!(
                "query parameter `{name}` cannot be a setting of the client"
            ));
        }
        "header" | "cookie" => {
            return Err(format!(
                "{place} parameter `{name}` must be a setting of the client"
            ));
        }
        _ => return Err(format!("`in: {place}` of parameter `{name}` is no place")),
    }
    let schema = operation.document.resolve(&parameter["schema"]);
    let kind = schema["type"].as_str().unwrap_or_default();
    let format = schema["format"].as_str().unwrap_or_default();
    let fits = match (place, kind) {
        (_, "string") if schema.get("enum").is_some() => false,
        (_, "string") if matches!(format, "date" | "date-time") => false,
        (_, "string") => place == "path" || format != "password",
        ("query", "boolean" | "integer") => true,
        ("query", "number") => format != "float",
        _ => false,
    };
    if !fits {
        return Err(format!(
            "a {place} cannot hold the schema of parameter `{name}`"
        ));
    }
    let bounded = schema.get("minimum").or(schema.get("maximum")).is_some();
    if bounded && (place != "query" || required || kind != "integer") {
        return Err(format!(
            "parameter `{name}` has bounds: only an optional integer of a query can"
        ));
    }
    Ok(())
}
