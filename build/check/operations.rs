//! What operations must keep to beyond their keys: paths, parameters and names.

use serde_json::Value;

use super::names;
use crate::build::document::{Document, Place, is_client_setting};

/// What a generated client has already, as methods and as constants.
const TAKEN_CALLS: [&str; 5] = ["all", "base_path", "client", "clone", "new"];

/// What the arguments of a call have already.
const TAKEN_ARGUMENTS: [&str; 6] = ["body", "body_map", "client", "clone", "new", "send"];

pub fn check(document: &Document) -> Result<(), String> {
    let mut calls: Vec<(String, String)> = Vec::new();
    let mut paths: Vec<(&str, String)> = Vec::new();
    for place in document.operations()? {
        let fault = |what: String| document.fault(place.path, place.method, what);
        let id = place.operation["operationId"].as_str().unwrap_or_default();
        let type_name = names::type_name(id);
        if TAKEN_CALLS.contains(&id)
            || names::argument(id).ends_with('_')
            || !names::is_identifier(id)
            || names::is_relied_on(&type_name)
        {
            return Err(fault(format!(
                "operationId `{id}` cannot be a name in Rust"
            )));
        }
        let other = calls.iter().find(|(_, name)| *name == type_name);
        match other {
            Some((other, _)) if other == id => {
                return Err(fault(format!("operationId `{id}` is used twice")));
            }
            Some((other, name)) => {
                return Err(fault(format!(
                    "the operationIds `{other}` and `{id}` both become `{name}`"
                )));
            }
            None => calls.push((id.to_owned(), type_name)),
        }

        let (declared, shape) = template(place.path).map_err(|what| fault(what.into()))?;
        let same = |(path, other): &&(&str, String)| *other == shape && *path != place.path;
        if let Some((other, _)) = paths.iter().find(same) {
            return Err(fault(format!("the same path as `{other}`")));
        }
        paths.push((place.path, shape));
        parameters(document, &place, &declared)?;
        for status in place.operation["responses"]
            .as_object()
            .into_iter()
            .flatten()
        {
            if !is_status(status.0) {
                return Err(fault(format!("`{}` is no status", status.0)));
            }
        }
    }
    if calls.is_empty() {
        return Err(document.fault("", "", "`paths` has no operation"));
    }
    Ok(())
}

/// The names in braces, and the path without them.
fn template(path: &str) -> Result<(Vec<&str>, String), &'static str> {
    if !path.starts_with('/') || path.contains("//") {
        return Err("a path starts with `/` and has no empty part");
    }
    if path.contains(|c: char| !c.is_ascii_graphic() || "?#%\"\\".contains(c)) {
        return Err("a path holds no query, no fragment and nothing that must be encoded");
    }
    let (mut names, mut shape, mut rest) = (Vec::new(), String::new(), path);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("a brace is not closed")?;
        if before.contains('}') || name.is_empty() || name.contains(['{', '/']) {
            return Err("the braces in the path do not hold names");
        }
        if names.contains(&name) {
            return Err("the path names a parameter twice");
        }
        names.push(name);
        shape.push_str(before);
        shape.push_str("{}");
        rest = after;
    }
    if rest.contains('}') {
        return Err("the braces in the path do not hold names");
    }
    shape.push_str(rest);
    Ok((names, shape))
}

fn parameters(document: &Document, place: &Place<'_>, in_path: &[&str]) -> Result<(), String> {
    let fault = |what: String| document.fault(place.path, place.method, what);
    let mut seen = Vec::new();
    let mut arguments = Vec::new();
    for parameter in document.parameters(place)? {
        let name = parameter["name"].as_str().unwrap_or_default();
        let place_of = parameter["in"].as_str().unwrap_or_default();
        if seen.contains(&(place_of, name)) {
            return Err(fault(format!("{place_of} parameter `{name}` stands twice")));
        }
        seen.push((place_of, name));
        one_parameter(document, place, parameter).map_err(&fault)?;
        if place_of == "path" && !in_path.contains(&name) {
            return Err(fault(format!("path parameter `{name}` is not in the path")));
        }
        if is_client_setting(parameter) {
            continue;
        }
        let argument = names::argument(name);
        if TAKEN_ARGUMENTS.contains(&argument.as_str()) {
            let what = format!("parameter `{name}` becomes `{argument}`, which is taken");
            return Err(fault(what));
        }
        arguments.push((name.to_owned(), argument));
    }
    if let Some(name) = in_path
        .iter()
        .find(|name| !seen.contains(&("path", **name)))
    {
        return Err(fault(format!(
            "`{{{name}}}` is not a declared path parameter"
        )));
    }
    match names::clash(arguments) {
        Some((one, other, name)) => Err(fault(format!(
            "the parameters `{one}` and `{other}` both become `{name}`"
        ))),
        None => Ok(()),
    }
}

/// What the road can put into a path or a query.
fn one_parameter(document: &Document, place: &Place<'_>, parameter: &Value) -> Result<(), String> {
    let name = parameter["name"].as_str().unwrap_or_default();
    let place_of = parameter["in"].as_str().unwrap_or_default();
    let required = parameter["required"] == true;
    let setting = is_client_setting(parameter);
    let schema = document.resolve(place, &parameter["schema"])?;
    let kind = schema["type"].as_str().unwrap_or_default();
    let format = schema["format"].as_str().unwrap_or_default();
    match place_of {
        "path" if !required => {
            return Err(format!("path parameter `{name}` must be `required: true`"));
        }
        "path" | "header" | "cookie" if setting => return Ok(()),
        "query" if setting => {
            return Err(format!(
                "query parameter `{name}` cannot be a setting of the client"
            ));
        }
        "path" | "query" => {}
        "header" | "cookie" => {
            return Err(format!(
                "{place_of} parameter `{name}` must be a setting of the client"
            ));
        }
        _ => {
            return Err(format!(
                "`in: {place_of}` of parameter `{name}` is no place"
            ));
        }
    }
    let simple = schema.get("enum").is_none() && !matches!(format, "date" | "date-time");
    let fits = match (place_of, kind) {
        (_, "string") => simple && (place_of == "path" || format != "password"),
        ("query", "boolean" | "integer") => true,
        ("query", "number") => format != "float",
        _ => false,
    };
    if !fits {
        return Err(format!(
            "a {place_of} cannot hold the schema of parameter `{name}`"
        ));
    }
    let bounded = schema.get("minimum").or(schema.get("maximum")).is_some();
    if bounded && (place_of != "query" || required || kind != "integer") {
        return Err(format!(
            "parameter `{name}` has bounds: only an optional integer of a query can"
        ));
    }
    Ok(())
}

/// `default` is left to a message of its own.
fn is_status(status: &str) -> bool {
    let bytes = status.as_bytes();
    status == "default"
        || (bytes.len() == 3
            && matches!(bytes[0], b'1'..=b'5')
            && (&bytes[1..] == b"XX" || bytes[1..].iter().all(u8::is_ascii_digit)))
}
