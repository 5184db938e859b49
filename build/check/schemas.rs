//! What schemas must keep to beyond their keys, so that each becomes the type that it describes.

use serde_json::{Map, Value};

use super::names;
use super::walk::Spot;

const TYPES: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];

/// Keys that say something about values of some types only.
const BELONGS: [(&str, &[&str]); 14] = [
    ("properties", &["object"]),
    ("additionalProperties", &["object"]),
    ("required", &["object"]),
    ("items", &["array"]),
    ("minItems", &["array"]),
    ("maxItems", &["array"]),
    ("uniqueItems", &["array"]),
    ("enum", &["string"]),
    ("pattern", &["string"]),
    ("minLength", &["string"]),
    ("maxLength", &["string"]),
    ("minimum", &["integer", "number"]),
    ("maximum", &["integer", "number"]),
    ("format", &["string", "integer", "number"]),
];

/// What may stand beside `allOf`: documentation, and what OpenAPI 3.0 demands beside `nullable`.
const BESIDE_ALL_OF: [&str; 7] = [
    "allOf",
    "description",
    "title",
    "example",
    "x-assumption",
    "nullable",
    "type",
];

/// Members that generated code has names of its own for.
const TAKEN_MEMBERS: [&str; 2] = ["default", "extra"];

/// What no type here can express; looked at first, as it explains what else is odd.
pub fn unsupported(spot: &Spot<'_>, schema: &Map<String, Value>) -> Result<(), String> {
    for key in ["oneOf", "anyOf", "not"] {
        if schema.contains_key(key) {
            return Err(spot.fault(format!("`{key}` cannot be expressed")));
        }
    }
    let Some(all_of) = schema.get("allOf") else {
        return Ok(());
    };
    let reference = match all_of.as_array().map(Vec::as_slice) {
        Some([only]) => only["$ref"].as_str(),
        _ => None,
    };
    let others = schema
        .keys()
        .any(|key| !BESIDE_ALL_OF.contains(&key.as_str()));
    let (Some(reference), false, false) = (reference, others, spot.is_component_schema()) else {
        let what = "`allOf` can only document one `$ref`, where a schema is used";
        return Err(spot.fault(what));
    };
    let target = spot.document.target(reference);
    let kind = schema.get("type");
    if kind.is_some() && target.is_some_and(|target| target.get("type") != kind) {
        let what = format!("`type` is not the one of `{reference}`");
        return Err(spot.fault(what));
    }
    Ok(())
}

pub fn check(spot: &Spot<'_>, schema: &Map<String, Value>) -> Result<(), String> {
    let kind = schema.get("type").and_then(Value::as_str);
    if let Some(kind) = kind.filter(|kind| !TYPES.contains(kind)) {
        return Err(spot.fault(format!("`{kind}` is no type")));
    }
    for (key, types) in BELONGS {
        if schema.contains_key(key) && kind.is_none_or(|kind| !types.contains(&kind)) {
            let what = format!("`{key}` needs `type: {}`", types.join("` or `type: "));
            return Err(spot.fault(what));
        }
    }
    if kind == Some("array") && !schema.contains_key("items") {
        return Err(spot.fault("an array needs `items`"));
    }
    format(spot, kind, schema)?;
    if let Some(values) = schema.get("enum") {
        values_of_enum(spot, schema, values)?;
    }
    members(spot, schema)
}

/// A misspelt `password` would make a secret readable, so formats are a closed list.
fn format(spot: &Spot<'_>, kind: Option<&str>, schema: &Map<String, Value>) -> Result<(), String> {
    let Some(format) = schema.get("format").and_then(Value::as_str) else {
        return Ok(());
    };
    let known = match kind {
        Some("integer") => matches!(format, "int32" | "int64"),
        Some("number") => matches!(format, "float" | "double"),
        _ => matches!(
            format,
            "password" | "date" | "date-time" | "byte" | "email" | "uri" | "uuid"
        ),
    };
    if !known {
        let kind = kind.unwrap_or_default();
        return Err(spot.fault(format!("`{format}` is no format of `type: {kind}`")));
    }
    if format == "password" && schema.contains_key("enum") {
        return Err(spot.fault("documented values are no secret: `enum` or `format: password`"));
    }
    Ok(())
}

fn values_of_enum(
    spot: &Spot<'_>,
    schema: &Map<String, Value>,
    values: &Value,
) -> Result<(), String> {
    let values = values.as_array().filter(|values| !values.is_empty());
    let values = values.ok_or_else(|| spot.fault("`enum` must be a list of values"))?;
    let nullable = schema.get("nullable") == Some(&Value::Bool(true));
    let mut variants = Vec::new();
    for value in values.iter().filter(|value| !(nullable && value.is_null())) {
        let Some(text) = value.as_str() else {
            return Err(spot.fault(format!("`enum` holds text, not `{value}`")));
        };
        variants.push((text.to_owned(), names::variant(text)));
    }
    match names::clash(variants) {
        Some((one, other, name)) => Err(spot.fault(format!(
            "the values `{one}` and `{other}` of `enum` both become `{name}`"
        ))),
        None => Ok(()),
    }
}

fn members(spot: &Spot<'_>, schema: &Map<String, Value>) -> Result<(), String> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.unwrap_or(&empty);
    let members = properties
        .keys()
        .map(|property| (property.clone(), names::member(property)));
    if let Some((one, other, name)) = names::clash(members) {
        return Err(spot.fault(format!(
            "the properties `{one}` and `{other}` both become `{name}`"
        )));
    }
    for property in properties.keys() {
        let name = names::member(property);
        if TAKEN_MEMBERS.contains(&name.as_str()) {
            let what = format!("property `{property}` becomes `{name}`, which is taken");
            return Err(spot.fault(what));
        }
    }
    let mut required: Vec<&str> = Vec::new();
    let listed = schema.get("required").and_then(Value::as_array);
    for name in listed.into_iter().flatten().filter_map(Value::as_str) {
        if !properties.contains_key(name) {
            return Err(spot.fault(format!("`required` names `{name}`, which is no property")));
        }
        if required.contains(&name) {
            return Err(spot.fault(format!("`required` names `{name}` twice")));
        }
        required.push(name);
    }
    Ok(())
}

/// Types of one name would silently become one type.
pub fn type_names(top: &Spot<'_>, schemas: &Value) -> Result<(), String> {
    let spot = top.step("components/schemas");
    let mut types = Vec::new();
    for (name, schema) in schemas.as_object().into_iter().flatten() {
        let type_name = names::type_name(name);
        if names::is_relied_on(&type_name) {
            return Err(spot.fault(format!(
                "schema `{name}` becomes `{type_name}`, which is taken"
            )));
        }
        types.push((name.clone(), type_name.clone()));
        inline_types(name, &type_name, schema, &mut types);
    }
    match names::clash(types) {
        Some((one, other, name)) => {
            let what = format!("the schemas `{one}` and `{other}` both become `{name}`");
            Err(spot.fault(what))
        }
        None => Ok(()),
    }
}

/// Objects that are described where they are used get a type that is named after the place.
fn inline_types(label: &str, owner: &str, schema: &Value, types: &mut Vec<(String, String)>) {
    if !schema.is_object() {
        return;
    }
    let mut inner = Vec::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        inner.push((name.as_str(), format!("{owner}-{name}"), property));
    }
    inner.push(("items", format!("{owner}-item"), &schema["items"]));
    let further = &schema["additionalProperties"];
    inner.push(("additionalProperties", format!("{owner}-value"), further));
    for (step, name, schema) in inner {
        let (label, name) = (format!("{label}/{step}"), names::type_name(&name));
        if schema["properties"].is_object() {
            types.push((label.clone(), name.clone()));
        }
        inline_types(&label, &name, schema, types);
    }
}
