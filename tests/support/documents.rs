//! The OpenAPI documents as the tests read them.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

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

/// A parameter that a caller passes, with its value.
pub struct Argument {
    pub name: String,
    pub place: String,
    pub value: Value,
}

impl Operation {
    pub fn id(&self) -> &str {
        self.value["operationId"].as_str().unwrap()
    }

    /// Whether a session is one of its credentials.
    pub fn takes_session(&self) -> bool {
        let mut alternatives = self.value["security"].as_array().unwrap().iter();
        alternatives.any(|alternative| alternative.get("session").is_some())
    }

    /// Whether it is never sent without a session.
    pub fn needs_session(&self) -> bool {
        let alternatives = self.value["security"].as_array().unwrap();
        let session = |alternative: &Value| alternative.get("session").is_some();
        !alternatives.is_empty() && alternatives.iter().all(session)
    }

    /// Whether it is idempotent.
    pub fn is_idempotent(&self) -> bool {
        match self.value["x-idempotent"].as_bool() {
            Some(idempotent) => idempotent,
            None => self.method == "get",
        }
    }

    pub fn sends_message(&self) -> bool {
        self.value["x-sends-message"] == true
    }

    pub fn carries_code(&self) -> bool {
        self.value["x-carries-code"] == true
    }

    /// The names of the query parameters that the signature consists of.
    pub fn signature_parameters(&self, document: &Document) -> Vec<String> {
        let parameters = self.value["parameters"].as_array();
        let parameters = parameters.into_iter().flatten();
        parameters
            .map(|parameter| document.resolve(parameter))
            .filter(|parameter| parameter["x-signature"] == true)
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The parameters that a caller passes; a path parameter gets `in_path`.
    pub fn arguments(&self, document: &Document, in_path: Option<&str>) -> Vec<Argument> {
        let parameters = self.value["parameters"].as_array();
        let parameters = parameters.into_iter().flatten();
        parameters
            .map(|parameter| document.resolve(parameter))
            .filter(|parameter| is_argument(parameter))
            .map(|parameter| {
                let schema = document.resolve(&parameter["schema"]);
                let examples = [
                    &parameter["example"],
                    &schema["example"],
                    &schema["default"],
                ];
                let example = examples.into_iter().find(|example| !example.is_null());
                let place = parameter["in"].as_str().unwrap().to_owned();
                let value = match in_path {
                    Some(value) if place == "path" => json!(value),
                    _ => example.expect("a parameter has an example").clone(),
                };
                Argument {
                    name: parameter["name"].as_str().unwrap().to_owned(),
                    place,
                    value,
                }
            })
            .collect()
    }

    /// The example of the request's body.
    pub fn body(&self, document: &Document) -> Option<Value> {
        let body = document.resolve(self.value.get("requestBody")?);
        Some(example(&body["content"]["application/json"]).expect("a body has an example"))
    }

    /// Arguments as `support::calls` takes them.
    pub fn call_arguments(&self, document: &Document, in_path: Option<&str>) -> Value {
        let mut arguments = Map::new();
        for argument in self.arguments(document, in_path) {
            arguments.insert(rust_name(&argument.name), argument.value);
        }
        if let Some(body) = self.body(document) {
            arguments.insert("body".to_owned(), body);
        }
        Value::Object(arguments)
    }

    /// Each documented success: its status, and the example of its body if it has one.
    pub fn successes(&self, document: &Document) -> Vec<(u16, Option<Value>)> {
        let responses = self.value["responses"].as_object().unwrap();
        responses
            .iter()
            .filter(|(status, _)| status.starts_with('2'))
            .map(|(status, response)| {
                let response = document.resolve(response);
                let content = &response["content"]["application/json"];
                (status.parse().unwrap(), example(content))
            })
            .collect()
    }
}

/// Whether a caller passes a parameter in each call.
pub fn is_argument(parameter: &Value) -> bool {
    let set_by_client = ["x-client-setting", "x-signature"];
    set_by_client.iter().all(|key| parameter[*key] != true)
}

/// The snake case of a documented name.
pub fn rust_name(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The example of a media type, or the first of several.
pub fn example(content: &Value) -> Option<Value> {
    let first = content["examples"]
        .as_object()
        .and_then(|all| all.values().next());
    let example = content
        .get("example")
        .or(first.map(|example| &example["value"]));
    example.cloned()
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
