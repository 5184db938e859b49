//! Refuses what would be misread, ignored or end in a panic further on.
//!
//! `grammar` says which keys each object may have, `walk` holds a document against it, and
//! `schemas` and `operations` know what no table can say. Everything after this may rely on it.

mod grammar;
mod operations;
mod schemas;
mod walk;

use serde_json::Value;

use self::grammar::{OPERATION, PATH_ITEM, ROOT};
use self::walk::{Spot, object};
use super::document::{Document, METHODS};
use super::names;

pub fn check(document: &Document) -> Result<(), String> {
    let top = Spot::new(document, "", "");
    object(&top, &ROOT, &document.root)?;
    component_names(&top, &document.root["components"])?;
    schemas::type_names(&top, &document.root["components"]["schemas"])?;
    for (path, item) in document.root["paths"].as_object().into_iter().flatten() {
        object(&Spot::new(document, path, ""), &PATH_ITEM, item)?;
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                object(&Spot::new(document, path, method), &OPERATION, operation)?;
            }
        }
    }
    tags(document, &top)?;
    operations::check(document)
}

/// Component names stand in references, where other characters would have to be escaped.
fn component_names(top: &Spot<'_>, components: &Value) -> Result<(), String> {
    for (section, entries) in components.as_object().into_iter().flatten() {
        for name in entries
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
        {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if name.is_empty() || !name.chars().all(plain) {
                let spot = top.step("components").step(section);
                let what =
                    format!("the name `{name}` may hold only letters, digits, `.`, `_`, `-`");
                return Err(spot.fault(what));
            }
        }
    }
    Ok(())
}

fn tags(document: &Document, top: &Spot<'_>) -> Result<(), String> {
    let declared: Vec<&str> = document.root["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|tag| tag["name"].as_str())
        .collect();
    for (at, tag) in declared.iter().enumerate() {
        if declared[..at].contains(tag) {
            return Err(top.fault(format!("tag `{tag}` is declared twice")));
        }
    }
    for place in document.operations()? {
        let fault = |what: String| document.fault(place.path, place.method, what);
        let used = place.operation.get("tags").and_then(Value::as_array);
        let Some([tag]) = used.map(Vec::as_slice) else {
            return Err(fault("an operation has exactly one tag".into()));
        };
        let tag = tag.as_str().unwrap_or_default();
        if !declared.contains(&tag) {
            return Err(fault(format!("tag `{tag}` is not declared in `tags`")));
        }
    }
    Ok(())
}
