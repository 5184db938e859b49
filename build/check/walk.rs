//! Holds a document against the grammar, from object to object.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::grammar::{Kind, SCHEMA, Shape};
use super::schemas;
use crate::build::document::Document;

/// Where in a document something stands.
#[derive(Clone)]
pub struct Spot<'a> {
    pub document: &'a Document,
    path: &'a str,
    method: &'a str,
    inside: String,
}

impl<'a> Spot<'a> {
    pub fn new(document: &'a Document, path: &'a str, method: &'a str) -> Self {
        Self {
            document,
            path,
            method,
            inside: String::new(),
        }
    }

    pub fn step(&self, key: impl Display) -> Self {
        let mut next = self.clone();
        if !next.inside.is_empty() {
            next.inside.push('/');
        }
        next.inside.push_str(&key.to_string());
        next
    }

    pub fn fault(&self, what: impl Display) -> String {
        match (self.path, self.inside.as_str()) {
            ("", inside) => self.document.fault(inside, "", what),
            (path, "") => self.document.fault(path, self.method, what),
            (path, inside) => {
                let what = format!("{inside}: {what}");
                self.document.fault(path, self.method, what)
            }
        }
    }

    /// Whether this is an entry of `components/schemas` and not part of one.
    pub fn is_component_schema(&self) -> bool {
        self.path.is_empty()
            && self
                .inside
                .strip_prefix("components/schemas/")
                .is_some_and(|name| !name.contains('/'))
    }
}

/// Checks one object and everything in it.
pub fn object(spot: &Spot<'_>, kind: &Kind, value: &Value) -> Result<(), String> {
    let Some(object) = value.as_object() else {
        return Err(spot.fault(format!("{} must be an object", kind.name)));
    };
    if object.contains_key("$ref") && !kind.section.is_empty() {
        return reference(spot, kind, object);
    }
    if std::ptr::eq(kind, &SCHEMA) {
        schemas::unsupported(spot, object)?;
    }
    for (key, value) in object {
        let Some((_, shape)) = kind.keys.iter().find(|(known, _)| known == key) else {
            return Err(spot.fault(format!("`{key}` is not known on {}", kind.name)));
        };
        shaped(spot, key, shape, value)?;
    }
    for key in kind.required {
        if !object.contains_key(*key) {
            return Err(spot.fault(format!("`{key}` is missing")));
        }
    }
    if std::ptr::eq(kind, &SCHEMA) {
        schemas::check(spot, object)?;
    }
    Ok(())
}

fn shaped(spot: &Spot<'_>, key: &str, shape: &Shape, value: &Value) -> Result<(), String> {
    let must = |right: bool, what: &str| {
        let fault = || spot.fault(format!("`{key}` must be {what}, not `{value}`"));
        right.then_some(()).ok_or_else(fault)
    };
    let next = || spot.step(key);
    match shape {
        Shape::Any => Ok(()),
        Shape::Text => must(value.is_string(), "text"),
        Shape::Flag if value.is_boolean() => Ok(()),
        Shape::Flag => Err(spot.fault(format!("`{key}` must be true or false"))),
        Shape::Number => must(value.is_number(), "a number"),
        Shape::Texts => {
            let texts = value.as_array();
            let right = texts.is_some_and(|texts| texts.iter().all(Value::is_string));
            must(right, "a list of names")
        }
        Shape::OneOrFlag(_) if value.is_boolean() => Ok(()),
        Shape::One(kind) | Shape::OneOrFlag(kind) => object(&next(), kind, value),
        Shape::Many(kind) => {
            must(value.is_array(), "a list")?;
            let entries = value.as_array().into_iter().flatten().enumerate();
            for (at, entry) in entries {
                object(&next().step(at), kind, entry)?;
            }
            Ok(())
        }
        Shape::Named(kind) => {
            must(value.is_object(), "an object")?;
            for (name, entry) in value.as_object().into_iter().flatten() {
                object(&next().step(name), kind, entry)?;
            }
            Ok(())
        }
    }
}

/// A reference leads straight to a component of its own kind: progenitor follows no others.
fn reference(spot: &Spot<'_>, kind: &Kind, object: &Map<String, Value>) -> Result<(), String> {
    let reference = &object["$ref"];
    let Some(reference) = reference.as_str() else {
        return Err(spot.fault(format!("`$ref` must be text, not `{reference}`")));
    };
    if let Some(key) = object.keys().find(|key| *key != "$ref") {
        return Err(spot.fault(format!("`{key}` beside a `$ref` is ignored")));
    }
    let section = format!("#/components/{}/", kind.section);
    let name = reference.strip_prefix(&section);
    if name.is_none_or(|name| name.is_empty() || name.contains('/')) {
        let what = format!("`{reference}` must name {}: `{section}…`", kind.name);
        return Err(spot.fault(what));
    }
    match spot.document.target(reference) {
        None => Err(spot.fault(format!("`{reference}` leads nowhere"))),
        Some(target) if target.get("$ref").is_some() => {
            Err(spot.fault(format!("`{reference}` leads to another reference")))
        }
        Some(_) => Ok(()),
    }
}
