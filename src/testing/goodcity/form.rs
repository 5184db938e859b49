//! Bodies as the server reads them: JSON, or a form with names such as `user_auth[mobile]`.

use http::header;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::testing::Call;

const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn body_of(call: &Call<'_>) -> Value {
    let label = call
        .header(header::CONTENT_TYPE.as_str())
        .unwrap_or_default();
    if !label.starts_with(FORM) {
        return call.json();
    }
    let mut body = Map::new();
    for (name, value) in form_urlencoded::parse(call.body) {
        let name = name.replace(']', "");
        let steps: Vec<&str> = name.split('[').collect();
        set(&mut body, &steps, value.into_owned());
    }
    Value::Object(body)
}

/// Sets a value some steps deep. A name that is text already is not opened.
fn set(members: &mut Map<String, Value>, steps: &[&str], value: String) {
    match steps {
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
