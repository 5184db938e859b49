//! Refuses what would be misread, ignored or end in a panic later on.
//!
//! `kinds` lists the keys of each kind of object and `objects` compares a document with it;
//! `schemas` and `operations` hold the rules that a list of keys cannot express. All later stages
//! rely on a checked document. What only matters to readers of a document (`info`, `servers`,
//! headers, examples, the form of statuses, identical paths) is left to `scripts/lint-openapi.sh`.

mod kinds;
mod objects;
mod operations;
mod schemas;

pub use self::kinds::PROVENANCE;
use self::kinds::{OPERATION, PATH_ITEM, ROOT};
use self::objects::object;
use super::document::{Document, METHODS};
use super::names;

pub fn check(document: &Document) -> Result<(), String> {
    object(&document.at("", ""), &ROOT, &document.root)?;
    schemas::type_names(document)?;
    for (path, item) in document.root["paths"].as_object().into_iter().flatten() {
        object(&document.at(path, ""), &PATH_ITEM, item)?;
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                object(&document.at(path, method), &OPERATION, operation)?;
            }
        }
    }
    operations::check(document)
}
