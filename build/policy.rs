//! What the pipeline needs to know about each operation, read from a checked document.

use std::collections::BTreeSet;

use heck::ToShoutySnakeCase;
use quote::format_ident;
use serde_json::Value;

use super::document::{Document, Operation, is_signature, json_schema};

/// The types of errors, which every operation accepts: a server that may not send the type of its
/// errors sends 406 without a word instead.
///
/// `*/*` as a last resort is missing: some servers (Rails) take a list with that for the one of a
/// browser, and then send HTML.
const ERRORS: [&str; 2] = ["application/json", "application/problem+json"];

/// Whether a credential is attached to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Never,
    Optional,
    Required,
}

/// The policy of one operation.
pub struct Policy<'a> {
    pub operation: Operation<'a>,
    pub session: Need,
    pub application: Need,
    pub signature: Need,
    pub signed_fields: Vec<&'a str>,
    pub idempotent: bool,
    pub sends_message: bool,
    pub carries_code: bool,
    /// The reference to the schema of the request body, if there is one.
    pub body: Option<&'a Value>,
    /// Whether a request may go without the body.
    pub body_is_optional: bool,
    /// The reference to the schema of a successful response, if it has a body.
    pub success: Option<&'a Value>,
    /// Whether a success is a bare string.
    pub bare_text: bool,
    /// The member that a bare string stands for.
    pub bare_member: Option<&'a str>,
    /// The members of a successful response that say whether it is one.
    pub success_members: Vec<&'a str>,
    /// The media types of a success, and those of an error in JSON.
    pub accept: String,
}

pub fn read(document: &Document) -> Result<Vec<Policy<'_>>, String> {
    let operations = document.operations().into_iter();
    let policies = operations.map(|operation| {
        let at = document.at(operation.path, operation.method);
        Policy::read(operation).map_err(|what| at.fault(what))
    });
    let policies: Vec<Policy<'_>> = policies.collect::<Result<_, String>>()?;
    for key in ["x-misconfigured", "x-session-ends"] {
        for row in document.root[key].as_array().into_iter().flatten() {
            let named = row["operation"].as_str();
            let is_known = |id: &str| policies.iter().any(|policy| policy.operation.id() == id);
            if let Some(unknown) = named.filter(|id| !is_known(id)) {
                return Err(
                    document.fault(format!("`{key}` names `{unknown}`, which is no operation"))
                );
            }
        }
    }
    for row in document.root["x-session-ends"]
        .as_array()
        .into_iter()
        .flatten()
    {
        if row["member"].is_string() != row["word"].is_string() {
            let what = "a row of `x-session-ends` has `member` and `word`, or none of them";
            return Err(document.fault(what));
        }
    }
    if let Some(name) = success_member_of_all(document)
        && !policies.iter().any(|policy| policy.lists_decision(name))
    {
        let what = format!("`x-success-member` names `{name}`, which no response lists");
        return Err(document.fault(what));
    }
    Ok(policies)
}

/// The member that each response of the document may have, listed or not, to say whether it is a
/// success.
fn success_member_of_all(document: &Document) -> Option<&str> {
    document.root["x-success-member"]["name"].as_str()
}

impl<'a> Policy<'a> {
    fn read(operation: Operation<'a>) -> Result<Self, String> {
        let idempotent = match operation.object.get("x-idempotent") {
            Some(idempotent) => *idempotent == true,
            None => matches!(operation.method, "get" | "head"),
        };
        let sends_message = operation.flag("x-sends-message");
        let carries_code = operation.flag("x-carries-code");
        if idempotent && (sends_message || carries_code) {
            return Err(
                "an operation that sends a message or carries a code must be `x-idempotent: false`"
                    .into(),
            );
        }
        let body = operation.object.get("requestBody");
        let body = body.map(|body| operation.document.resolve(body));
        let body_is_optional = body.is_some_and(|body| body["required"] != true);
        let body = body.map(json_schema);
        if body.is_some_and(|schema| !schema["$ref"].is_string()) {
            return Err("the request body must be JSON by `$ref`".into());
        }
        let [session, application, signature] = security(&operation)?;
        let signed_fields = signed_fields(&operation, body)?;
        if (signature == Need::Never) != signed_fields.is_empty() {
            return Err("`bootstrapSignature` and `x-signed-field` go together".into());
        }
        let parameters = operation.parameters().into_iter();
        let in_query = parameters
            .filter(|parameter| is_signature(parameter))
            .count();
        if (signature == Need::Never) != (in_query == 0) {
            return Err("`bootstrapSignature` and `x-signature` parameters go together".into());
        }
        if operation.responses().any(|(status, _)| status == "default") {
            return Err("`default` would count as success: name statuses".into());
        }
        if operation.successes().next().is_none() {
            return Err("no 2xx response is described".into());
        }
        let success = success(&operation)?;
        let schema = success.map_or(&Value::Null, |schema| operation.document.resolve(schema));
        let kind = &schema["type"];
        let bare_member = operation
            .object
            .get("x-bare-string")
            .and_then(Value::as_str);
        if bare_member.is_some_and(|member| schema["properties"].get(member).is_none()) {
            return Err("`x-bare-string` must name a member of the response".into());
        }
        let success_members = success_members(&operation, success.map(|_| schema))?;
        Ok(Self {
            accept: accept(&operation)?,
            session,
            application,
            signature,
            signed_fields,
            idempotent,
            sends_message,
            carries_code,
            body,
            body_is_optional,
            success,
            bare_text: success.is_some() && (kind.is_null() || kind == "string"),
            bare_member,
            success_members,
            operation,
        })
    }

    /// Whether the response lists a boolean member of this name that decides.
    fn lists_decision(&self, name: &str) -> bool {
        let document = self.operation.document;
        let schema = self.success.map(|schema| document.resolve(schema));
        schema.is_some_and(|schema| is_decision(schema, name))
    }

    /// The name of the static that holds this policy.
    pub fn constant(&self) -> syn::Ident {
        format_ident!("{}", self.operation.id().to_shouty_snake_case())
    }
}

/// How an operation needs a session, an application and a signature. `security` is a list of
/// alternatives: what is in all of them is required, what is in some is optional.
fn security(operation: &Operation<'_>) -> Result<[Need; 3], String> {
    const SCHEMES: [&str; 3] = ["session", "application", "bootstrapSignature"];
    let alternatives = operation.object.get("security").and_then(Value::as_array);
    let alternatives = alternatives.ok_or("`security` is missing (`[]` for none)")?;
    let defined = &operation.document.root["components"]["securitySchemes"];
    for alternative in alternatives {
        let names = alternative.as_object();
        for name in names.ok_or("`security` holds objects")?.keys() {
            if !SCHEMES.contains(&name.as_str()) {
                return Err(format!(
                    "security scheme `{name}` is not session, application or bootstrapSignature"
                ));
            }
            if defined.get(name).is_none() {
                return Err(format!("security scheme `{name}` is not defined"));
            }
        }
    }
    Ok(SCHEMES.map(|name| {
        let uses = alternatives.iter().filter(|set| set.get(name).is_some());
        match uses.count() {
            0 => Need::Never,
            uses if uses == alternatives.len() => Need::Required,
            _ => Need::Optional,
        }
    }))
}

fn signed_fields<'a>(
    operation: &Operation<'a>,
    body: Option<&'a Value>,
) -> Result<Vec<&'a str>, String> {
    let parameters = operation.parameters().into_iter();
    let in_path = parameters.filter(|parameter| parameter["in"] == "path");
    let mut known: BTreeSet<&str> = in_path.filter_map(|path| path["name"].as_str()).collect();
    let body = body.map(|schema| &operation.document.resolve(schema)["properties"]);
    let members = body.and_then(Value::as_object).into_iter().flatten();
    known.extend(members.map(|(name, _)| name.as_str()));
    let fields = operation.object.get("x-signed-field");
    let fields = fields.and_then(Value::as_array).into_iter().flatten();
    fields
        .filter_map(Value::as_str)
        .map(|name| match known.contains(name) {
            true => Ok(name),
            false => Err(format!(
                "signed field `{name}` is neither in the body nor in the path"
            )),
        })
        .collect()
}

/// The reference to the schema of all successful responses, if they have a body.
fn success<'a>(operation: &Operation<'a>) -> Result<Option<&'a Value>, String> {
    let mut schema = None;
    for (status, response) in operation.successes() {
        if response.get("content").is_none() {
            continue;
        }
        let found = json_schema(response);
        if !found["$ref"].is_string() {
            return Err(format!("the {status} response must be JSON by `$ref`"));
        }
        if *schema.get_or_insert(found) != found {
            return Err("all 2xx responses of an operation must have one schema".into());
        }
    }
    Ok(schema)
}

/// The members that say whether a response is a success: those that the operation names and the one
/// that the document names for all operations. `schema` is the response, if it has a body.
fn success_members<'a>(
    operation: &Operation<'a>,
    schema: Option<&Value>,
) -> Result<Vec<&'a str>, String> {
    let own = match operation.object.get("x-success-member") {
        None => &[],
        Some(one @ Value::String(_)) => std::slice::from_ref(one),
        Some(Value::Array(names)) => names.as_slice(),
        Some(_) => return Err("`x-success-member` must be a name or a list of names".into()),
    };
    let mut members = Vec::new();
    for name in own {
        let name = name.as_str();
        let name = name.ok_or("`x-success-member` must be a name or a list of names")?;
        // A response without a body or without a type may be any JSON, and lists no members.
        let is_any = schema.is_none_or(|schema| schema.get("type").is_none());
        if !is_any && !schema.is_some_and(|schema| is_decision(schema, name)) {
            return Err(format!(
                "`x-success-member` names `{name}`, which is no boolean member of the response \
                 with `x-decides: true`"
            ));
        }
        members.push(name);
    }
    let of_all = success_member_of_all(operation.document).filter(|_| schema.is_some());
    if let Some(name) = of_all
        && !members.contains(&name)
    {
        members.push(name);
    }
    Ok(members)
}

fn is_decision(schema: &Value, name: &str) -> bool {
    let property = &schema["properties"][name];
    property["type"] == "boolean" && property["x-decides"] == true
}

/// The value of `Accept`: what a success may be, as described, and the JSON types of errors.
fn accept(operation: &Operation<'_>) -> Result<String, String> {
    let media_types = |response: &'_ Value| {
        let content = response["content"].as_object().into_iter().flatten();
        content.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let successes = operation.successes();
    let mut accepted: Vec<String> = successes.flat_map(|(_, it)| media_types(it)).collect();
    let all = operation.responses().flat_map(|(_, it)| media_types(it));
    accepted.extend(all.filter(|name| name.ends_with("/json") || name.ends_with("+json")));
    accepted.extend(ERRORS.map(str::to_owned));
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-*".contains(&byte);
    let is_valid = |name: &str| {
        let (kind, subtype) = name.split_once('/').unwrap_or_default();
        let mut parts = [kind, subtype].into_iter();
        parts.all(|part| !part.is_empty() && part.bytes().all(is_part))
    };
    if let Some(wrong) = accepted.iter().find(|name| !is_valid(name)) {
        return Err(format!("`{wrong}` is no media type"));
    }
    let mut names: Vec<String> = Vec::new();
    for name in accepted {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names.join(", "))
}
