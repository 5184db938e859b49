//! `tests/data/recorded/`: the recorded bodies, and the source of each.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::support::documents::{Document, Operation};

/// One recorded file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub file: String,
    pub source: String,
    pub system: String,
    pub operation: String,
    pub kind: Kind,
    #[serde(default)]
    pub part: Part,
    status: Option<u16>,
    /// The name of the `ErrorKind`.
    pub error_kind: Option<String>,
    /// The shape, family, reason or code of the system's own error.
    pub api_error: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Request,
    Response,
    Error,
}

/// The recorded part of a request.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    #[default]
    Body,
    Query,
    Header,
}

impl Entry {
    pub fn status(&self) -> u16 {
        self.status.expect("a response or an error has a status")
    }

    pub fn bytes(&self) -> Vec<u8> {
        fs::read(folder().join(&self.file)).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.bytes()).unwrap()
    }

    /// The content as JSON; a text file as a string.
    pub fn json(&self) -> Value {
        if self.file.ends_with(".json") {
            serde_json::from_slice(&self.bytes()).unwrap()
        } else {
            Value::String(self.text())
        }
    }

    /// The operation and its document.
    pub fn described<'a>(&self, documents: &'a [Document]) -> (&'a Document, Operation) {
        documents
            .iter()
            .filter(|document| document.system() == self.system)
            .find_map(|document| {
                let mut operations = document.operations().into_iter();
                let operation = operations.find(|operation| operation.id() == self.operation)?;
                Some((document, operation))
            })
            .unwrap_or_else(|| panic!("{}: no such operation", self.file))
    }
}

pub fn read() -> Vec<Entry> {
    let text = fs::read_to_string(folder().join("index.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Every file but the index, sorted.
pub fn files() -> Vec<String> {
    let mut files = Vec::new();
    for system in fs::read_dir(folder()).unwrap() {
        let system = system.unwrap();
        if !system.file_type().unwrap().is_dir() {
            assert_eq!(system.file_name(), "index.json");
            continue;
        }
        for file in fs::read_dir(system.path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(folder()).unwrap();
            files.push(name.to_str().unwrap().replace('\\', "/"));
        }
    }
    files.sort();
    files
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded")
}
