//! Rewrites a copy of a document into what progenitor can express.
//!
//! The published document keeps everything; here errors go (the road decodes them), settings of
//! the client are hoisted out of the calls, all 2xx answers become one, closed enums become open
//! ones, and whatever would make a type refuse what a real server sends is taken away.

use std::collections::BTreeMap;

use heck::ToUpperCamelCase;
use serde_json::{Map, Value, json};

use super::document::{Document, Place, is_client_setting};
use super::enums::OpenEnum;
use super::names;

/// The rewritten copy and what was learned on the way.
pub struct Prepared {
    pub root: Value,
    pub enums: Vec<OpenEnum>,
    /// Documentation of fields whose schema is a reference, by schema and property.
    pub field_docs: BTreeMap<(String, String), String>,
    /// Documentation of the arguments of operations, by operation and documented name.
    pub argument_docs: BTreeMap<(String, String), String>,
    /// Documented bounds of query parameters, by operation and name.
    pub bounds: BTreeMap<(String, String), (i64, i64)>,
    /// How many properties, parameters and schemas are documented as secrets.
    pub secret_fields: usize,
}

pub fn prepare(document: &Document) -> Result<Prepared, String> {
    let mut prepared = Prepared {
        root: document.root.clone(),
        enums: Vec::new(),
        field_docs: BTreeMap::new(),
        argument_docs: BTreeMap::new(),
        bounds: BTreeMap::new(),
        secret_fields: 0,
    };
    let mut paths = Map::new();
    for place in document.operations()? {
        let operation = prepared.operation(document, &place)?;
        let path = &place.path[document.base_path.len()..];
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[place.method] = operation;
    }
    prepared.root["paths"] = Value::Object(paths);
    prepared.root["components"] = json!({"schemas": prepared.schemas(document)});
    Ok(prepared)
}

impl Prepared {
    fn operation(&mut self, document: &Document, place: &Place<'_>) -> Result<Value, String> {
        let mut operation = without_extensions(place.operation);
        operation.remove("security");

        let mut parameters = Vec::new();
        for parameter in document.parameters(place)? {
            if is_client_setting(parameter) {
                continue;
            }
            let name = parameter["name"].as_str().unwrap_or_default();
            let place_of = parameter["in"].as_str().unwrap_or_default();
            let mut parameter = without_extensions(parameter.as_object().unwrap_or(&Map::new()));
            let owner = format!(
                "{}-{name}",
                operation["operationId"].as_str().unwrap_or_default()
            );
            let schema = document.resolve(place, &parameter["schema"])?.clone();
            let notes = notes(&schema);
            let bound = |key: &str| schema[key].as_i64();
            if place_of == "query" && (bound("minimum").is_some() || bound("maximum").is_some()) {
                let id = operation["operationId"].as_str().unwrap_or_default();
                let lowest = bound("minimum").unwrap_or(i64::MIN);
                let highest = bound("maximum").unwrap_or(i64::MAX);
                let key = (id.to_owned(), name.to_owned());
                self.bounds.insert(key, (lowest, highest));
            }
            parameter.insert(
                "schema".into(),
                self.schema(&owner.to_upper_camel_case(), &schema),
            );
            append_notes(&mut parameter, &notes);
            parameter.remove("example");
            if let Some(Value::String(text)) = parameter.get("description") {
                let id = operation["operationId"].as_str().unwrap_or_default();
                let key = (id.to_owned(), name.to_owned());
                self.argument_docs.insert(key, text.clone());
            }
            parameters.push(Value::Object(parameter));
        }
        operation.insert("parameters".into(), Value::Array(parameters));

        if let Some(body) = place.operation.get("requestBody") {
            let body = document.resolve(place, body)?;
            let schema = &body["content"]["application/json"]["schema"];
            if schema["$ref"].as_str().is_none() {
                let what = "the request body must be JSON by `$ref`";
                return Err(document.fault(place.path, place.method, what));
            }
            operation.insert(
                "requestBody".into(),
                json!({
                    "required": true,
                    "content": {"application/json": {"schema": schema}},
                }),
            );
        }
        operation.insert("responses".into(), self.success(document, place)?);
        Ok(Value::Object(operation))
    }

    /// One answer for all documented successes.
    fn success(&self, document: &Document, place: &Place<'_>) -> Result<Value, String> {
        let mut schema: Option<&Value> = None;
        let responses = place.operation.get("responses").and_then(Value::as_object);
        for (status, response) in responses.into_iter().flatten() {
            if !status.starts_with('2') {
                continue;
            }
            let response = document.resolve(place, response)?;
            let Some(content) = response.get("content").and_then(Value::as_object) else {
                continue;
            };
            let found = content
                .get("application/json")
                .map(|content| &content["schema"])
                .filter(|schema| schema["$ref"].is_string())
                .ok_or_else(|| {
                    let what = format!("the {status} answer must be JSON by `$ref`");
                    document.fault(place.path, place.method, what)
                })?;
            if schema.is_some_and(|schema| schema != found) {
                let what = "all 2xx answers of an operation must have one schema";
                return Err(document.fault(place.path, place.method, what));
            }
            schema = Some(found);
        }
        Ok(match schema {
            Some(schema) => json!({"2XX": {
                "description": "Success.",
                "content": {"application/json": {"schema": schema}},
            }}),
            None => json!({"2XX": {"description": "Success."}}),
        })
    }

    fn schemas(&mut self, document: &Document) -> Value {
        let mut schemas = Map::new();
        let published = document.root.pointer("/components/schemas");
        for (name, schema) in published.and_then(Value::as_object).into_iter().flatten() {
            let schema = self.schema(name, schema);
            schemas.insert(name.clone(), schema);
        }
        Value::Object(schemas)
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
        let notes = notes(published);
        let mut schema = without_extensions(object);
        for key in [
            "default",
            "example",
            "pattern",
            "minLength",
            "maxLength",
            "minimum",
            "maximum",
            "minItems",
            "maxItems",
            "uniqueItems",
            "title",
        ] {
            schema.remove(key);
        }
        append_notes(&mut schema, &notes);

        if schema.get("type").is_some_and(|kind| kind == "string") {
            self.string(owner, &mut schema);
        }
        if let Some(items) = schema.get("items") {
            let items = self.schema(owner, &items.clone());
            schema.insert("items".into(), items);
        }
        match schema.get("additionalProperties").cloned() {
            Some(Value::Bool(true)) => {
                schema.insert("additionalProperties".into(), json!({}));
            }
            Some(other @ Value::Object(_)) => {
                let rewritten = self.schema(owner, &other);
                schema.insert("additionalProperties".into(), rewritten);
            }
            _ => {}
        }
        self.properties(owner, &mut schema);
        Value::Object(schema)
    }

    fn string(&mut self, owner: &str, schema: &mut Map<String, Value>) {
        let format = schema.get("format").and_then(Value::as_str);
        match format {
            Some("password") => self.secret_fields += 1,
            Some("date-time" | "date") | None => {}
            Some(_) => {
                schema.remove("format");
            }
        }
        if let Some(Value::Array(values)) = schema.remove("enum") {
            let open_enum = OpenEnum {
                name: names::type_name(owner),
                values: values
                    .iter()
                    .filter_map(|value| value.as_str().map(str::to_owned))
                    .collect(),
                description: schema
                    .get("description")
                    .and_then(Value::as_str)
                    .unwrap_or("A documented set of values.")
                    .to_owned(),
            };
            schema.insert("format".into(), open_enum.marker()["format"].clone());
            self.enums.push(open_enum);
        }
    }

    fn properties(&mut self, owner: &str, schema: &mut Map<String, Value>) {
        let required: Vec<String> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let Some(Value::Object(properties)) = schema.get_mut("properties") else {
            return;
        };
        for (name, property) in properties.iter_mut() {
            if single_reference(property).is_some() {
                let mut documented = property.as_object().cloned().unwrap_or_default();
                append_notes(&mut documented, &notes(property));
                if let Some(Value::String(text)) = documented.remove("description") {
                    self.field_docs
                        .insert((owner.to_owned(), name.clone()), text);
                }
            }
            let enum_owner = format!("{owner}-{name}").to_upper_camel_case();
            let mut rewritten = self.schema(&enum_owner, property);
            let collection = rewritten["type"] == "array"
                || (rewritten["type"] == "object" && rewritten.get("properties").is_none());
            if collection && !required.contains(name) {
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

fn without_extensions(object: &Map<String, Value>) -> Map<String, Value> {
    object
        .iter()
        .filter(|(key, _)| !key.starts_with("x-"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// What the types cannot say and the documentation must.
fn notes(schema: &Value) -> Vec<String> {
    let mut notes = Vec::new();
    match &schema["default"] {
        Value::Null => {}
        default => notes.push(format!("The server's default is `{default}`.")),
    }
    if let Some(assumption) = schema["x-assumption"].as_str() {
        notes.push(format!("**Assumption:** {}", assumption.trim()));
    }
    notes
}

fn append_notes(documented: &mut Map<String, Value>, notes: &[String]) {
    if notes.is_empty() {
        return;
    }
    let mut text = documented
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim()
        .to_owned();
    for note in notes {
        text.push_str("\n\n");
        text.push_str(note);
    }
    documented.insert("description".into(), Value::String(text));
}
