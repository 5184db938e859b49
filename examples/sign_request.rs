//! Prints the signature of a request, to compare with a server or another client.
//!
//! ```text
//! sign_request wunder --key K --timestamp MS --identifier X
//! sign_request fynd < request.json
//! ```
//!
//! Fynd's request is JSON: `{"method", "url", "body", "date", "sdk_version", "key"}`, with `body` a
//! string or null and `date` as in RFC 3339.

// Output is what an example is for.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::env;
use std::io::{self, Read};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use vestibule::Secret;
use vestibule::wunder::{BootstrapSignature, Sha256Hex, SignatureInput};

const USAGE: &str = "usage: sign_request wunder --key K --timestamp MS --identifier X
       sign_request fynd < request.json";

#[derive(Deserialize)]
struct FyndRequest {
    method: String,
    url: String,
    body: Option<String>,
    date: DateTime<Utc>,
    sdk_version: String,
    key: String,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let signature = match words.first().map(String::as_str) {
        Some("wunder") => wunder(&words[1..]),
        Some("fynd") => fynd(),
        _ => Err(USAGE.to_owned()),
    };
    match signature {
        Ok(signature) => {
            println!("{signature}");
            ExitCode::SUCCESS
        }
        Err(mistake) => {
            eprintln!("{mistake}");
            ExitCode::FAILURE
        }
    }
}

fn wunder(words: &[String]) -> Result<String, String> {
    let value = |name: &str| {
        let at = words.iter().position(|word| word == name);
        at.and_then(|at| words.get(at + 1))
            .ok_or(format!("{name} needs a value\n{USAGE}"))
    };
    let key = Secret::from(value("--key")?.as_str());
    let timestamp = value("--timestamp")?;
    if timestamp.is_empty() || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("--timestamp must be milliseconds since the Unix epoch".to_owned());
    }
    let input = SignatureInput::new(&key, timestamp, value("--identifier")?);
    Ok(Sha256Hex.signature(&input))
}

fn fynd() -> Result<String, String> {
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    let request: FyndRequest = serde_json::from_str(&text)
        .map_err(|error| format!("the request is not right: {error}"))?;
    let method = request
        .method
        .parse()
        .map_err(|_| "`method` must be an HTTP method".to_owned())?;
    let input = vestibule::fynd::SignatureInput::new(&method, &request.url, request.date)
        .map_err(|error| error.to_string())?
        .body(request.body.as_deref().unwrap_or_default().as_bytes())
        .sdk_version(&request.sdk_version)
        .key(&request.key);
    Ok(vestibule::fynd::sign(&input))
}
