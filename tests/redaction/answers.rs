//! Answers of every kind, with marks wherever a server could put a secret.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::marks::{MARK, Marked};
use crate::support::apis::COOKIE;
use crate::support::documents::{Document, Operation};

const REFUSALS: [u16; 12] = [400, 401, 403, 404, 408, 409, 412, 422, 429, 500, 502, 503];

/// Each answer with a name for it.
pub fn all(document: &Document, operation: &Operation) -> Vec<(String, ResponseTemplate)> {
    let mut answers = Vec::new();
    let mut add = |name: String, answer: ResponseTemplate| answers.push((name, answer));
    let responses = operation.value["responses"].as_object().unwrap();
    let schema_of = |status: &str| {
        let response = document.resolve(responses.get(status)?);
        response.pointer("/content/application~1json/schema")
    };
    let plain = Marked {
        document,
        quoting: false,
    };
    let success = responses
        .keys()
        .filter(|status| status.starts_with('2'))
        .find_map(|status| schema_of(status).map(|schema| plain.of(schema)));
    let success = success.unwrap_or(Value::Null);
    for status in responses.keys().filter(|status| status.starts_with('2')) {
        let body = schema_of(status).map(|schema| plain.of(schema));
        let mut answer = ResponseTemplate::new(status.parse::<u16>().unwrap());
        if let Some(body) = body {
            answer = answer.set_body_json(body);
        }
        add(format!("success {status}"), with_cookie(answer));
    }
    let text = success.to_string();
    let cut: String = text.chars().take(text.len() * 3 / 4).collect();
    let bodies = [
        ("truncated", format!("{cut}{MARK}")),
        ("of another type", json!([[{"token": MARK}]]).to_string()),
        ("bare text", MARK.to_owned()),
        ("a page", format!("<html><title>{MARK}</title></html>")),
    ];
    // Where a document lets a bare string stand for a member that is no secret, it is none itself.
    let is_member = operation.value["x-bare-string"].is_string();
    for (name, body) in bodies {
        if is_member && name == "bare text" {
            continue;
        }
        let answer = ResponseTemplate::new(200).set_body_raw(body, "application/json");
        add(format!("200 {name}"), with_cookie(answer));
    }
    let broken = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_raw(MARK, "application/json");
    add("200 badly compressed".to_owned(), broken);
    let labelled = ResponseTemplate::new(400).set_body_raw("{", &format!("text/{MARK}"));
    add("400 with a strange label".to_owned(), labelled);
    let elsewhere = format!("http://127.0.0.1:9/?token={MARK}");
    let redirect = ResponseTemplate::new(302).insert_header("location", elsewhere);
    add("302".to_owned(), redirect);
    let quoting = Marked {
        document,
        quoting: true,
    };
    for status in REFUSALS {
        let documented = schema_of(&status.to_string()).or_else(|| schema_of("400"));
        let any = json!({"errors": {"pin": MARK}, "error": MARK, "error_description": MARK});
        let body = documented.map_or(any.clone(), |schema| quoting.of(schema));
        for (name, body) in [("as documented", body), ("in another shape", any)] {
            let answer = ResponseTemplate::new(status).set_body_json(body);
            add(format!("{status} {name}"), with_cookie(answer));
        }
    }
    for code in ["AUTH1", "A202", "U102", "U131.1", "U301", "U602"] {
        let body = json!({"errorCode": code, "userMessage": MARK, "traceId": "t-1"});
        let answer = ResponseTemplate::new(400).set_body_json(body);
        add(format!("400 with code {code}"), answer);
    }
    answers
}

fn with_cookie(answer: ResponseTemplate) -> ResponseTemplate {
    let cookie = format!("{COOKIE}={MARK}; Path=/; HttpOnly");
    answer
        .append_header("set-cookie", cookie)
        .insert_header("www-authenticate", format!("Bearer error=\"{MARK}\""))
}
