//! The OpenAPI documents as the tests read them.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The names of the documents in `openapi/`.
pub const DOCUMENTS: [&str; 5] = [
    "wunder-auth",
    "wunder-user",
    "walletcrew",
    "goodcity",
    "fynd",
];

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// One document.
pub struct Document {
    pub name: String,
    pub root: Value,
}

/// One operation of a document.
pub struct Operation {
    pub method: String,
    pub path: String,
    pub value: Value,
}

impl Document {
    /// The system that the document describes.
    pub fn system(&self) -> &str {
        self.name.split('-').next().unwrap_or_default()
    }

    pub fn read(name: &&str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi");
        let text = fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
        Self {
            name: (*name).to_owned(),
            root: serde_saphyr::from_str(&text).unwrap(),
        }
    }

    pub fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, item) in self.root["paths"].as_object().unwrap() {
            for method in METHODS {
                if let Some(value) = item.get(method) {
                    operations.push(Operation {
                        method: method.to_owned(),
                        path: path.clone(),
                        value: value.clone(),
                    });
                }
            }
        }
        operations
    }

    /// Validation errors of a value against a schema of this document.
    pub fn errors(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut root = as_json_schema(schema);
        root["components"] = as_json_schema(&self.root["components"]);
        let validator = jsonschema::draft4::new(&root).expect("a schema");
        let errors = validator.iter_errors(value);
        errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// Follows a local `$ref`.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').expect("a local reference");
                self.root
                    .pointer(pointer)
                    .expect("a reference to an existing value")
            }
            None => value,
        }
    }
}

/// OpenAPI 3.0 says `nullable` where JSON Schema has a second type.
fn as_json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut members: serde_json::Map<String, Value> = members
                .iter()
                .map(|(name, value)| (name.clone(), as_json_schema(value)))
                .collect();
            if members.get("nullable") == Some(&Value::Bool(true))
                && let Some(kind) = members.get("type").cloned()
            {
                members.insert("type".to_owned(), serde_json::json!([kind, "null"]));
            }
            Value::Object(members)
        }
        Value::Array(items) => items.iter().map(as_json_schema).collect(),
        other => other.clone(),
    }
}
