//! Compares a document with the kinds of objects, from object to object.

use serde_json::{Map, Value};

use super::kinds::{Kind, PROVENANCE, SCHEMA, Shape};
use super::schemas;
use crate::build::document::Location;

/// Checks an object and everything in it.
pub fn object(at: &Location<'_>, kind: &Kind, value: &Value) -> Result<(), String> {
    let Some(object) = value.as_object() else {
        return Err(at.fault(format!("{} must be an object", kind.name)));
    };
    if object.contains_key("$ref") && !kind.section.is_empty() {
        return reference(at, kind, object);
    }
    let is_schema = std::ptr::eq(kind, &SCHEMA);
    if is_schema {
        schemas::unsupported(at, value).map_err(|what| at.fault(what))?;
    }
    for (key, value) in object {
        member(at, kind, key, value)?;
    }
    for key in kind.required.split_whitespace() {
        if !object.contains_key(key) {
            return Err(at.fault(format!("`{key}` is missing")));
        }
    }
    match is_schema {
        true => schemas::check(value).map_err(|what| at.fault(what)),
        false => Ok(()),
    }
}

fn member(at: &Location<'_>, kind: &Kind, key: &str, value: &Value) -> Result<(), String> {
    let must = |right: bool, what: &str| {
        let fault = || at.fault(format!("`{key}` must be {what}, not `{value}`"));
        right.then_some(()).ok_or_else(fault)
    };
    let is_in = |keys: &str| keys.split_whitespace().any(|known| known == key);
    if PROVENANCE.contains(&key) {
        let text = value.as_str().unwrap_or_default().trim();
        return must(!text.is_empty(), "text");
    }
    if is_in(kind.texts) {
        return must(value.is_string(), "text");
    }
    if is_in(kind.flags) {
        let fault = || at.fault(format!("`{key}` must be true or false"));
        return value.is_boolean().then_some(()).ok_or_else(fault);
    }
    if is_in(kind.any) {
        return Ok(());
    }
    let Some((_, shape)) = kind.others.iter().find(|(known, _)| *known == key) else {
        return Err(at.fault(format!("`{key}` is not known on {}", kind.name)));
    };
    let next = at.step(key);
    match shape {
        Shape::Number => must(value.is_number(), "a number"),
        Shape::Names => {
            let names = value.as_array();
            let right = names.is_some_and(|names| names.iter().all(Value::is_string));
            must(right, "a list of names")
        }
        Shape::ObjectOrFlag(_) if value.is_boolean() => Ok(()),
        Shape::Object(kind) | Shape::ObjectOrFlag(kind) => object(&next, kind, value),
        Shape::List(kind) => {
            must(value.is_array(), "a list")?;
            let mut entries = value.as_array().into_iter().flatten().enumerate();
            entries.try_for_each(|(number, entry)| object(&next.step(number), kind, entry))
        }
        Shape::Map(kind) => {
            must(value.is_object(), "an object")?;
            let mut entries = value.as_object().into_iter().flatten();
            entries.try_for_each(|(name, entry)| object(&next.step(name), kind, entry))
        }
    }
}

/// A reference leads straight to a component of its own kind: progenitor follows no others.
fn reference(at: &Location<'_>, kind: &Kind, object: &Map<String, Value>) -> Result<(), String> {
    let reference = &object["$ref"];
    let Some(reference) = reference.as_str() else {
        return Err(at.fault(format!("`$ref` must be text, not `{reference}`")));
    };
    if let Some(key) = object.keys().find(|key| *key != "$ref") {
        return Err(at.fault(format!("`{key}` beside a `$ref` is ignored")));
    }
    let section = format!("#/components/{}/", kind.section);
    let name = reference.strip_prefix(&section);
    if name.is_none_or(|name| name.is_empty() || name.contains('/')) {
        let what = format!("`{reference}` must name {}: `{section}…`", kind.name);
        return Err(at.fault(what));
    }
    match at.document.target(reference) {
        None => Err(at.fault(format!("`{reference}` leads nowhere"))),
        Some(target) if target.get("$ref").is_some() => {
            Err(at.fault(format!("`{reference}` leads to another reference")))
        }
        Some(_) => Ok(()),
    }
}
