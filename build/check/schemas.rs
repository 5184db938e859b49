//! Rules for schemas beyond their keys, so that each becomes the type that it describes.

use serde_json::Value;

use super::names;
use crate::build::document::{Document, Location};

/// The types, each with its formats. A misspelt `password` would make a secret readable, so formats
/// are a closed list.
const TYPES: [(&str, &str); 6] = [
    (
        "string",
        "password date date-time byte binary email uri uuid",
    ),
    ("integer", "int32 int64"),
    ("number", "float double"),
    ("boolean", ""),
    ("array", ""),
    ("object", ""),
];

/// Keys that apply to values of some types only.
const BELONGS: [(&str, &str); 5] = [
    ("properties additionalProperties required", "object"),
    ("items minItems maxItems uniqueItems", "array"),
    ("enum pattern minLength maxLength", "string"),
    ("minimum maximum", "integer number"),
    ("format", "string integer number"),
];

/// What may be beside `allOf`: documentation, and what OpenAPI 3.0 demands beside `nullable`.
const BESIDE_ALL_OF: &str =
    "allOf description title example x-source x-assumption x-needed nullable type";

/// The forms of tokens; a secret without `x-token` is opaque.
const TOKENS: [&str; 3] = ["opaque", "bearer", "jwt"];

/// Members that generated code adds to a type.
const TAKEN_MEMBERS: [&str; 2] = ["default", "extra"];

/// Refuses what no type here can express. Checked first, as it explains what else is odd.
pub fn unsupported(at: &Location<'_>, schema: &Value) -> Result<(), String> {
    for key in ["oneOf", "anyOf", "not"] {
        if schema.get(key).is_some() {
            return Err(format!("`{key}` cannot be expressed"));
        }
    }
    let Some(all_of) = schema.get("allOf") else {
        return Ok(());
    };
    let reference = match all_of.as_array().map(Vec::as_slice) {
        Some([only]) => only["$ref"].as_str(),
        _ => None,
    };
    let mut keys = schema.as_object().into_iter().flatten();
    let only_documents = keys.all(|(key, _)| is_in(BESIDE_ALL_OF, key));
    // Whether this is part of an entry of `components/schemas`, and not one.
    let entry = at.inside.strip_prefix("components/schemas/");
    let is_part = entry.is_none_or(|name| name.contains('/'));
    let (Some(reference), true, true) = (reference, only_documents, is_part) else {
        return Err("`allOf` can only document one `$ref`, where a schema is used".into());
    };
    let target = at.document.target(reference);
    let kind = schema.get("type");
    if kind.is_some() && target.is_some_and(|target| target.get("type") != kind) {
        return Err(format!("`type` is not the one of `{reference}`"));
    }
    Ok(())
}

pub fn check(schema: &Value) -> Result<(), String> {
    let kind = schema["type"].as_str().unwrap_or_default();
    let known = TYPES.iter().find(|(known, _)| *known == kind);
    if known.is_none() && !kind.is_empty() {
        return Err(format!("`{kind}` is no type"));
    }
    for (keys, types) in BELONGS {
        let mut keys = keys.split(' ').filter(|key| schema.get(key).is_some());
        if let (Some(key), false) = (keys.next(), is_in(types, kind)) {
            let types = types.replace(' ', "` or `type: ");
            return Err(format!("`{key}` needs `type: {types}`"));
        }
    }
    if kind == "array" && schema.get("items").is_none() {
        return Err("an array needs `items`".into());
    }
    if let (Some((_, formats)), Some(format)) = (known, schema["format"].as_str()) {
        if !is_in(formats, format) {
            return Err(format!("`{format}` is no format of `type: {kind}`"));
        }
        if format == "password" && schema.get("enum").is_some() {
            return Err("documented values are no secret: `enum` or `format: password`".into());
        }
    }
    decoding(schema, kind)?;
    if let Some(values) = schema.get("enum") {
        let values = values.as_array().filter(|values| !values.is_empty());
        let values = values.ok_or("`enum` must be a list of values")?;
        enum_values(values, schema["nullable"] == true)?;
    }
    members(schema)
}

/// What says how a response is read that differs from its description.
fn decoding(schema: &Value, kind: &str) -> Result<(), String> {
    let decides = schema["x-decides"] == true;
    if let Some(token) = schema["x-token"].as_str()
        && (kind != "string" || !TOKENS.contains(&token))
    {
        return Err(format!("`x-token` of a string is {}", TOKENS.join(", ")));
    }
    if decides && !matches!(kind, "boolean" | "integer" | "string") {
        return Err("a member that decides is a boolean, an integer or a string".into());
    }
    if schema.get("x-safe").is_some() && !decides {
        return Err("`x-safe` is the value of a member with `x-decides`".into());
    }
    Ok(())
}

fn enum_values(values: &[Value], nullable: bool) -> Result<(), String> {
    let mut variants = Vec::new();
    for value in values.iter().filter(|value| !(nullable && value.is_null())) {
        let text = value.as_str();
        let text = text.ok_or_else(|| format!("`enum` holds text, not `{value}`"))?;
        variants.push((text.to_owned(), names::variant(text)));
    }
    names::clash("enum values", variants)
}

fn members(schema: &Value) -> Result<(), String> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let members: Vec<_> = properties
        .map(|(property, _)| (property.clone(), names::member(property)))
        .collect();
    let mut taken = members.iter();
    if let Some((property, name)) = taken.find(|(_, name)| TAKEN_MEMBERS.contains(&name.as_str())) {
        return Err(format!(
            "property `{property}` becomes `{name}`, which is taken"
        ));
    }
    names::clash("properties", members)?;
    let required = schema["required"].as_array().into_iter().flatten();
    let mut required = required.filter_map(Value::as_str);
    match required.find(|name| schema["properties"].get(name).is_none()) {
        Some(name) => Err(format!("`required` names `{name}`, which is no property")),
        None => Ok(()),
    }
}

/// Refuses schemas that get one name: they would silently become one type.
pub fn type_names(document: &Document) -> Result<(), String> {
    let at = document.at("", "").step("components/schemas");
    let mut types = Vec::new();
    let schemas = document.root["components"]["schemas"].as_object();
    for (name, schema) in schemas.into_iter().flatten() {
        let type_name = names::type_name(name);
        if names::is_relied_on(&type_name) {
            return Err(at.fault(format!(
                "schema `{name}` becomes `{type_name}`, which is taken"
            )));
        }
        types.push((name.clone(), type_name.clone()));
        inline_types(name, &type_name, schema, &mut types);
    }
    names::clash("schemas", types).map_err(|what| at.fault(what))
}

/// Objects that are described where they are used get a type that is named after the place.
fn inline_types(label: &str, owner: &str, schema: &Value, types: &mut Vec<(String, String)>) {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let properties = properties.map(|(name, property)| (name.as_str(), name.as_str(), property));
    let inner = properties.chain([
        ("items", "item", &schema["items"]),
        (
            "additionalProperties",
            "value",
            &schema["additionalProperties"],
        ),
    ]);
    for (step, suffix, schema) in inner.filter(|(_, _, schema)| schema.is_object()) {
        let label = format!("{label}/{step}");
        let name = names::type_name(&format!("{owner}-{suffix}"));
        if schema["properties"].is_object() {
            types.push((label.clone(), name.clone()));
        }
        inline_types(&label, &name, schema, types);
    }
}

fn is_in(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}
