//! What the mock reads of a request: the app, the language, the token and the body.

use std::cmp::Reverse;

use http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::responses::unreadable;
use super::state::Language;
use crate::testing::{Call, MockResult};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: [&str; 2] = ["application/json", "application/vnd.api+json"];

/// The apps that the server knows.
const APPS: [&str; 5] = ["app", "admin", "stock", "browse", "settings_editor"];

/// The name of an app without its suffix; empty if the server does not know it.
pub(super) fn known_app(name: &str) -> &str {
    let name = name.strip_suffix(".goodcity").unwrap_or(name);
    if APPS.contains(&name) { name } else { "" }
}

/// The app that calls. `X-META`, a list of `name:value` with `|` between them, may name it in place
/// of its own header.
pub(super) fn app_of<'a>(call: &Call<'a>) -> &'a str {
    let text = |name: &str| call.headers.get(name)?.to_str().ok();
    let in_list = || {
        let mut members = text("x-meta")?.split('|');
        members.find_map(|member| member.strip_prefix("appName:"))
    };
    let name = text("x-goodcity-app-name").or_else(in_list);
    known_app(name.unwrap_or_default())
}

/// The token, with or without the scheme.
pub(super) fn token_of<'a>(call: &'a Call<'_>) -> Option<&'a str> {
    let value = call.header(header::AUTHORIZATION.as_str())?;
    Some(value.strip_prefix("Bearer ").unwrap_or(value))
}

/// The most preferred language of the request that the server has; English if there is none.
pub(super) fn language_of(call: &Call<'_>) -> Language {
    let header = call.header(header::ACCEPT_LANGUAGE.as_str());
    let mut preferences: Vec<(&str, u16)> = header
        .unwrap_or_default()
        .split(',')
        .filter_map(preference)
        .collect();
    preferences.sort_by_key(|(_, weight)| Reverse(*weight));
    let mut languages = preferences.into_iter();
    languages
        .find_map(|(tag, _)| Language::compatible_with(tag))
        .unwrap_or_default()
}

/// A language of `Accept-Language` with its weight, in thousandths.
fn preference(part: &str) -> Option<(&str, u16)> {
    let (tag, parameters) = part.split_once(';').unwrap_or((part, "q=1"));
    let weight: f64 = parameters.trim().strip_prefix("q=")?.parse().ok()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let weight = (weight.clamp(0.0, 1.0) * 1_000.0) as u16;
    (weight > 0).then_some((tag.trim(), weight))
}

/// Whether the client asks for JSON, which decides in what form the web framework reports an error.
pub(super) fn asks_for_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    accept
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"))
}

/// The members of the body: of JSON, or of a form with names such as `user_auth[mobile]`. A body of
/// another or no type has none.
pub(super) fn body_of(call: &Call<'_>) -> MockResult<Value> {
    let content_type = call.header(header::CONTENT_TYPE.as_str());
    let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
    let content_type = content_type.split(';').next().unwrap_or_default().trim();
    if content_type == FORM {
        return Ok(form(call.body));
    }
    if !JSON.contains(&content_type) || call.body.trim_ascii().is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice(call.body) {
        Ok(body @ Value::Object(_)) => Ok(body),
        Ok(_) => Ok(json!({})),
        Err(_) => Err(unreadable(call.headers)),
    }
}

fn form(body: &[u8]) -> Value {
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        let name = name.replace(']', "");
        let path: Vec<&str> = name.split('[').collect();
        set(&mut members, &path, value.into_owned());
    }
    Value::Object(members)
}

/// Sets a nested value. A string in its path is left unchanged.
fn set(members: &mut Map<String, Value>, path: &[&str], value: String) {
    match path {
        [] => {}
        [name] => {
            members.insert((*name).to_owned(), Value::String(value));
        }
        [name, rest @ ..] => {
            let inner = members
                .entry(*name)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
