//! Rewrites a copy of a document into what progenitor can express.
//!
//! The published document keeps everything; here errors go (the pipeline decodes them), settings of
//! the client leave the calls, all 2xx responses become one, closed enums become open ones, and
//! what would make a type refuse a response of a real server is removed.

use std::collections::BTreeMap;

use heck::ToUpperCamelCase;
use serde_json::{Map, Value, json};

use super::check::PROVENANCE;
use super::document::Document;
use super::enums::OpenEnum;
use super::names;
use super::policy::Policy;

/// The keywords that a type expresses.
const KEPT: &str = "type format description nullable items properties required \
    additionalProperties enum";

/// The rewritten copy and what it can no longer say.
pub struct Prepared {
    pub root: Value,
    pub enums: Vec<OpenEnum>,
    /// Documentation of members whose schema is a reference, by type and member.
    pub member_docs: BTreeMap<(String, String), String>,
    /// How many properties, parameters and schemas are documented as secrets.
    pub secrets: usize,
}

pub fn prepare(document: &Document, base_path: &str, policies: &[Policy<'_>]) -> Prepared {
    let mut prepared = Prepared {
        root: document.root.clone(),
        enums: Vec::new(),
        member_docs: BTreeMap::new(),
        secrets: 0,
    };
    let mut paths = Map::new();
    for policy in policies {
        let operation = &policy.operation;
        let path = &operation.path[base_path.len()..];
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[operation.method] = prepared.operation(policy);
    }
    let mut schemas = Map::new();
    let published = document.root["components"]["schemas"].as_object();
    for (name, schema) in published.into_iter().flatten() {
        schemas.insert(name.clone(), prepared.schema(name, schema));
    }
    prepared.root["paths"] = Value::Object(paths);
    prepared.root["components"] = json!({"schemas": schemas});
    prepared
}

impl Prepared {
    fn operation(&mut self, policy: &Policy<'_>) -> Value {
        let operation = &policy.operation;
        let mut parameters = Vec::new();
        for parameter in operation.arguments() {
            let schema = operation.document.resolve(&parameter["schema"]);
            parameters.push(json!({
                "name": parameter["name"],
                "in": parameter["in"],
                "required": parameter["required"] == true,
                "schema": self.schema(operation.id(), schema),
            }));
        }
        let mut rewritten = json!({
            "operationId": operation.id(),
            "parameters": parameters,
            "responses": {"2XX": {"description": "Success."}},
        });
        let content = |schema: &Value| json!({"application/json": {"schema": schema}});
        if let Some(schema) = policy.body {
            rewritten["requestBody"] = json!({"required": true, "content": content(schema)});
        }
        if let Some(schema) = policy.success {
            rewritten["responses"]["2XX"]["content"] = content(schema);
        }
        rewritten
    }

    /// Rewrites one schema; `owner` names an enum that is found in it.
    fn schema(&mut self, owner: &str, published: &Value) -> Value {
        let Some(object) = published.as_object() else {
            return published.clone();
        };
        if object.contains_key("$ref") {
            return published.clone();
        }
        if let Some(reference) = single_reference(published) {
            return reference.clone();
        }
        let mut schema = object.clone();
        schema.retain(|key, _| KEPT.split_whitespace().any(|kept| kept == key));
        let text = documentation(published, published);
        if !text.is_empty() {
            schema.insert("description".into(), Value::String(text));
        }
        if published["type"] == "string" {
            self.string(owner, &mut schema);
        }
        if let Some(items) = object.get("items") {
            schema.insert("items".into(), self.schema(owner, items));
        }
        if let Some(further) = object.get("additionalProperties") {
            let further = match further {
                Value::Bool(true) => json!({}),
                further => self.schema(owner, further),
            };
            schema.insert("additionalProperties".into(), further);
        }
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            self.properties(owner, &published["required"], properties);
        }
        Value::Object(schema)
    }

    fn string(&mut self, owner: &str, schema: &mut Map<String, Value>) {
        match schema.get("format").and_then(Value::as_str) {
            Some("password") => self.secrets += 1,
            Some("date-time" | "date") => {}
            _ => {
                schema.remove("format");
            }
        }
        if let Some(Value::Array(values)) = schema.remove("enum") {
            let description = schema.get("description").and_then(Value::as_str);
            let texts = values.iter().filter_map(Value::as_str);
            let open_enum = OpenEnum {
                name: names::type_name(owner),
                values: texts.map(str::to_owned).collect(),
                description: description.unwrap_or("A documented set of values.").into(),
            };
            schema.insert("format".into(), open_enum.format().into());
            self.enums.push(open_enum);
        }
    }

    fn properties(&mut self, owner: &str, required: &Value, properties: &mut Map<String, Value>) {
        let required = required.as_array();
        for (name, property) in properties.iter_mut() {
            let text = documentation(property, property);
            if single_reference(property).is_some() && !text.is_empty() {
                let key = (names::type_name(owner), names::member(name));
                self.member_docs.insert(key, text);
            }
            let enum_owner = format!("{owner}-{name}").to_upper_camel_case();
            let mut rewritten = self.schema(&enum_owner, property);
            let collection = rewritten["type"] == "array"
                || (rewritten["type"] == "object" && rewritten.get("properties").is_none());
            let is_required = required.is_some_and(|names| names.iter().any(|other| other == name));
            if collection && !is_required {
                rewritten["nullable"] = Value::Bool(true);
            }
            *property = rewritten;
        }
    }
}

/// The target of `allOf: [{$ref: …}]`, the way to document a reference in OpenAPI 3.0.
fn single_reference(schema: &Value) -> Option<&Value> {
    match schema.get("allOf")?.as_array()?.as_slice() {
        [reference] if reference.get("$ref").is_some() => Some(reference),
        _ => None,
    }
}

/// A description, with what the type of its schema cannot say; empty if there is neither.
pub fn documentation(described: &Value, schema: &Value) -> String {
    let mut text = described["description"]
        .as_str()
        .unwrap_or_default()
        .trim()
        .to_owned();
    if !schema["default"].is_null() {
        text += &format!("\n\nThe server's default is `{}`.", schema["default"]);
    }
    text + &provenance(|key| described[key].as_str())
}

/// Paragraphs about where facts come from that the vendor's page does not state.
pub fn provenance<'a>(text: impl Fn(&str) -> Option<&'a str>) -> String {
    PROVENANCE
        .into_iter()
        .zip(["Source", "Assumption"])
        .filter_map(|(key, title)| Some(format!("\n\n**{title}:** {}", text(key)?.trim())))
        .collect()
}
