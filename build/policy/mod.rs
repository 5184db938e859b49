//! What the road must know about each operation, read from the document.

mod table;

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;
use serde_json::Value;

use crate::build::document::{Document, Place};

pub use self::table::table;

/// Whether a credential is attached to an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Never,
    Optional,
    Required,
}

/// The policy of one operation.
pub struct Policy {
    pub id: String,
    pub method: String,
    pub path: String,
    pub tag: String,
    pub summary: String,
    pub description: String,
    pub assumption: Option<String>,
    session: Need,
    application: Need,
    signature: Need,
    signed_fields: Vec<String>,
    repeat_safe: bool,
    sends_message: bool,
    carries_code: bool,
    bare_text: bool,
    bare_member: Option<String>,
    pub statuses: Vec<(String, String)>,
}

/// The policies of a document by operation id.
pub type Policies = BTreeMap<String, Policy>;

pub fn read(document: &Document) -> Result<Policies, String> {
    let mut policies = Policies::new();
    for place in document.operations()? {
        let policy = read_one(document, &place)?;
        policies.insert(policy.id.clone(), policy);
    }
    Ok(policies)
}

fn read_one(document: &Document, place: &Place<'_>) -> Result<Policy, String> {
    let fault = |what: String| document.fault(place.path, place.method, what);
    let text = |key: &str| place.operation.get(key).and_then(Value::as_str);
    let flag = |key: &str| match place.operation.get(key) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(fault(format!("`{key}` must be true or false"))),
    };

    let id = text("operationId").ok_or_else(|| fault("`operationId` is missing".into()))?;
    if id != id.to_snake_case() {
        return Err(fault(format!("operationId `{id}` must be snake_case")));
    }
    for key in ["summary", "description"] {
        text(key).ok_or_else(|| fault(format!("`{key}` is missing")))?;
    }
    let repeat_safe = match text("x-repeat") {
        Some("safe") => true,
        Some("once") => false,
        Some(other) => {
            return Err(fault(format!(
                "`x-repeat` is `safe` or `once`, not `{other}`"
            )));
        }
        None => matches!(place.method, "get" | "head"),
    };
    let sends_message = flag("x-sends-message")?;
    let carries_code = flag("x-carries-code")?;
    if repeat_safe && (sends_message || carries_code) {
        return Err(fault(
            "an operation that sends a message or carries a code must be `x-repeat: once`".into(),
        ));
    }
    let (session, application, signature) = read_security(document, place)?;
    let signed_fields = read_signed_fields(document, place)?;
    if (signature == Need::Never) != signed_fields.is_empty() {
        return Err(fault(
            "`bootstrapSignature` and `x-signed-field` go together".into(),
        ));
    }
    let (statuses, bare_text) = read_responses(document, place)?;
    Ok(Policy {
        id: id.to_owned(),
        method: place.method.to_uppercase(),
        path: place.path.to_owned(),
        tag: place
            .operation
            .get("tags")
            .and_then(|tags| tags[0].as_str())
            .unwrap_or_default()
            .to_owned(),
        summary: text("summary").unwrap_or_default().trim().to_owned(),
        description: text("description").unwrap_or_default().trim().to_owned(),
        assumption: text("x-assumption").map(|text| text.trim().to_owned()),
        session,
        application,
        signature,
        signed_fields,
        repeat_safe,
        sends_message,
        carries_code,
        bare_text,
        bare_member: read_bare_member(document, place)?,
        statuses,
    })
}

/// `security` is a list of alternatives; what stands in all of them is required, what stands in
/// some is optional.
fn read_security(document: &Document, place: &Place<'_>) -> Result<(Need, Need, Need), String> {
    let fault = |what: String| document.fault(place.path, place.method, what);
    let alternatives = place
        .operation
        .get("security")
        .and_then(Value::as_array)
        .ok_or_else(|| fault("`security` is missing (`[]` for none)".into()))?;
    let schemes = document.root.pointer("/components/securitySchemes");
    let mut sets = Vec::new();
    for alternative in alternatives {
        let names: BTreeSet<&str> = alternative
            .as_object()
            .ok_or_else(|| fault("`security` holds objects".into()))?
            .keys()
            .map(String::as_str)
            .collect();
        for name in &names {
            if !matches!(*name, "session" | "application" | "bootstrapSignature") {
                return Err(fault(format!(
                    "security scheme `{name}` is not session, application or bootstrapSignature"
                )));
            }
            if schemes.and_then(|schemes| schemes.get(name)).is_none() {
                return Err(fault(format!("security scheme `{name}` is not defined")));
            }
        }
        sets.push(names);
    }
    let need = |name: &str| {
        let uses = sets.iter().filter(|set| set.contains(name)).count();
        match uses {
            0 => Need::Never,
            uses if uses == sets.len() => Need::Required,
            _ => Need::Optional,
        }
    };
    Ok((
        need("session"),
        need("application"),
        need("bootstrapSignature"),
    ))
}

fn read_signed_fields(document: &Document, place: &Place<'_>) -> Result<Vec<String>, String> {
    let fault = |what: String| document.fault(place.path, place.method, what);
    let Some(fields) = place.operation.get("x-signed-field") else {
        return Ok(Vec::new());
    };
    let fields = fields
        .as_array()
        .ok_or_else(|| fault("`x-signed-field` must be a list of names".into()))?;
    let mut known: BTreeSet<&str> = document
        .parameters(place)?
        .into_iter()
        .filter(|parameter| parameter["in"] == "path")
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    if let Some(body) = place.operation.get("requestBody") {
        let body = document.resolve(place, body)?;
        let schema = document.resolve(place, &body["content"]["application/json"]["schema"])?;
        known.extend(
            schema["properties"]
                .as_object()
                .into_iter()
                .flat_map(|properties| properties.keys().map(String::as_str)),
        );
    }
    fields
        .iter()
        .map(|field| {
            let name = field
                .as_str()
                .ok_or_else(|| fault("`x-signed-field` must be a list of names".into()))?;
            if known.contains(name) {
                Ok(name.to_owned())
            } else {
                Err(fault(format!(
                    "signed field `{name}` is neither in the body nor in the path"
                )))
            }
        })
        .collect()
}

/// The documented statuses with their descriptions, and whether success is a bare string.
fn read_responses(
    document: &Document,
    place: &Place<'_>,
) -> Result<(Vec<(String, String)>, bool), String> {
    let fault = |what: String| document.fault(place.path, place.method, what);
    let responses = place
        .operation
        .get("responses")
        .and_then(Value::as_object)
        .ok_or_else(|| fault("`responses` is missing".into()))?;
    let mut statuses = Vec::new();
    let mut bare_text = false;
    let mut success = false;
    for (status, response) in responses {
        if status == "default" {
            return Err(fault(
                "`default` would count as success: name statuses".into(),
            ));
        }
        let response = document.resolve(place, response)?;
        let description = response["description"].as_str().unwrap_or_default();
        statuses.push((status.clone(), description.trim().to_owned()));
        if status.starts_with('2') {
            success = true;
            if let Some(schema) = response.pointer("/content/application~1json/schema") {
                let kind = &document.resolve(place, schema)?["type"];
                bare_text |= kind.is_null() || kind == "string";
            }
        }
    }
    if !success {
        return Err(fault("no 2xx response is described".into()));
    }
    Ok((statuses, bare_text))
}

/// The member that a server's bare string stands for, where it may answer that instead of an object.
fn read_bare_member(document: &Document, place: &Place<'_>) -> Result<Option<String>, String> {
    let fault = |what: &str| document.fault(place.path, place.method, what);
    let Some(member) = place.operation.get("x-bare-string") else {
        return Ok(None);
    };
    let member = member
        .as_str()
        .ok_or_else(|| fault("`x-bare-string` must name a member of the answer"))?;
    let responses = place.operation.get("responses").and_then(Value::as_object);
    let success = responses
        .into_iter()
        .flatten()
        .find(|(status, _)| status.starts_with('2'));
    let schema = match success {
        Some((_, response)) => {
            let response = document.resolve(place, response)?;
            document.resolve(place, &response["content"]["application/json"]["schema"])?
        }
        None => &Value::Null,
    };
    if schema["properties"].get(member).is_none() {
        return Err(fault("`x-bare-string` must name a member of the answer"));
    }
    Ok(Some(member.to_owned()))
}
