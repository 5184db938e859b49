//! Responses of every kind, with markers wherever a server could send a secret.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::markers::{MARKER, MarkedValues};
use crate::support::apis::COOKIE;
use crate::support::documents::{Document, Operation};

const ERROR_STATUSES: [u16; 12] = [400, 401, 403, 404, 408, 409, 412, 422, 429, 500, 502, 503];

/// Each response with its name.
pub fn all(document: &Document, operation: &Operation) -> Vec<(String, ResponseTemplate)> {
    let mut all = Vec::new();
    let mut add = |name: String, response: ResponseTemplate| all.push((name, response));
    let documented = operation.value["responses"].as_object().unwrap();
    let schema_of = |status: &str| {
        let response = document.resolve(documented.get(status)?);
        response.pointer("/content/application~1json/schema")
    };
    let plain = MarkedValues {
        document,
        quoting: false,
    };
    let success = documented
        .keys()
        .filter(|status| status.starts_with('2'))
        .find_map(|status| schema_of(status).map(|schema| plain.of(schema)));
    let success = success.unwrap_or(Value::Null);
    for status in documented.keys().filter(|status| status.starts_with('2')) {
        let body = schema_of(status).map(|schema| plain.of(schema));
        let mut response = ResponseTemplate::new(status.parse::<u16>().unwrap());
        if let Some(body) = body {
            response = response.set_body_json(body);
        }
        add(format!("success {status}"), with_cookie(response));
    }
    let text = success.to_string();
    let cut: String = text.chars().take(text.len() * 3 / 4).collect();
    let bodies = [
        ("truncated", format!("{cut}{MARKER}")),
        ("of another type", json!([[{"token": MARKER}]]).to_string()),
        ("bare text", MARKER.to_owned()),
        ("a page", format!("<html><title>{MARKER}</title></html>")),
    ];
    // Where the document allows a bare string for a member that is no secret, the string is no
    // secret either.
    let is_member = operation.value["x-bare-string"].is_string();
    for (name, body) in bodies {
        if is_member && name == "bare text" {
            continue;
        }
        let response = ResponseTemplate::new(200).set_body_raw(body, "application/json");
        add(format!("200 {name}"), with_cookie(response));
    }
    let broken = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_raw(MARKER, "application/json");
    add("200 badly compressed".to_owned(), broken);
    let labelled = ResponseTemplate::new(400).set_body_raw("{", &format!("text/{MARKER}"));
    add("400 with a strange label".to_owned(), labelled);
    let location = format!("http://127.0.0.1:9/?token={MARKER}");
    let redirect = ResponseTemplate::new(302).insert_header("location", location);
    add("302".to_owned(), redirect);
    let quoting = MarkedValues {
        document,
        quoting: true,
    };
    for status in ERROR_STATUSES {
        let schema = schema_of(&status.to_string()).or_else(|| schema_of("400"));
        let any = json!({"errors": {"pin": MARKER}, "error": MARKER, "error_description": MARKER});
        let body = schema.map_or(any.clone(), |schema| quoting.of(schema));
        for (name, body) in [("as documented", body), ("in another shape", any)] {
            let response = ResponseTemplate::new(status).set_body_json(body);
            add(format!("{status} {name}"), with_cookie(response));
        }
    }
    for code in ["AUTH1", "A202", "U102", "U131.1", "U301", "U602"] {
        let body = json!({"errorCode": code, "userMessage": MARKER, "traceId": "t-1"});
        let response = ResponseTemplate::new(400).set_body_json(body);
        add(format!("400 with code {code}"), response);
    }
    all
}

fn with_cookie(response: ResponseTemplate) -> ResponseTemplate {
    let cookie = format!("{COOKIE}={MARKER}; Path=/; HttpOnly");
    response
        .append_header("set-cookie", cookie)
        .insert_header("www-authenticate", format!("Bearer error=\"{MARKER}\""))
}
