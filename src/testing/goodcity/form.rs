//! Parses request bodies: JSON, or a form with names such as `user_auth[mobile]`.

use http::header;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::testing::Call;

const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn body_of(call: &Call<'_>) -> Value {
    let content_type = call
        .header(header::CONTENT_TYPE.as_str())
        .unwrap_or_default();
    if !content_type.starts_with(FORM) {
        return call.json();
    }
    let mut body = Map::new();
    for (name, value) in form_urlencoded::parse(call.body) {
        let name = name.replace(']', "");
        let path: Vec<&str> = name.split('[').collect();
        set(&mut body, &path, value.into_owned());
    }
    Value::Object(body)
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
