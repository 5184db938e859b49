//! Prints the signature of a request, to compare with a server or another client.
//!
//! ```text
//! sign_request wunder --key K --timestamp MS --identifier X
//! sign_request fynd < request.json
//! ```
//!
//! Fynd's request is JSON: `{"method", "url", "body", "date", "sdk_version", "key"}`, with `body` a
//! string or null and `date` as in RFC 3339.

// An example prints its result.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::env;
use std::io::{self, Read};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use vestibule::Secret;
use vestibule::wunder::{Sha256Hex, SignatureInput};

const USAGE: &str = "usage: sign_request wunder --key K --timestamp MS --identifier X
       sign_request fynd < request.json";

#[derive(Deserialize)]
struct FyndRequest {
    method: String,
    url: String,
    body: Option<String>,
    date: DateTime<Utc>,
    sdk_version: String,
    key: Secret,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let signature = match words.as_slice() {
        ["wunder", options @ ..] => wunder(options),
        ["fynd"] => fynd(),
        _ => Err(USAGE.to_owned()),
    };
    match signature {
        Ok(signature) => {
            println!("{signature}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn wunder(options: &[&str]) -> Result<String, String> {
    let (mut key, mut timestamp, mut identifier) = (None, None, None);
    for option in options.chunks(2) {
        match option {
            ["--key", value] => key = Some(*value),
            ["--timestamp", value] => timestamp = Some(*value),
            ["--identifier", value] => identifier = Some(*value),
            [name, ..] => return Err(format!("unexpected argument `{name}`\n{USAGE}")),
            [] => {}
        }
    }
    let given = |name: &str, value: Option<&str>| match value {
        Some(value) if !value.is_empty() && !value.starts_with("--") => Ok(value.to_owned()),
        _ => Err(format!("{name} needs a value\n{USAGE}")),
    };
    let key = Secret::from(given("--key", key)?);
    let timestamp = given("--timestamp", timestamp)?;
    if !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("--timestamp must be milliseconds since the Unix epoch".to_owned());
    }
    let identifier = given("--identifier", identifier)?;
    let input = SignatureInput::new(&key, &identifier).timestamp(&timestamp);
    Ok(Sha256Hex::digest(&input))
}

fn fynd() -> Result<String, String> {
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    let request: FyndRequest =
        serde_json::from_str(&text).map_err(|error| format!("invalid request: {error}"))?;
    let method = request
        .method
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| "`method` must be an HTTP method".to_owned())?;
    let input = vestibule::fynd::SignatureInput::new(&method, &request.url, request.date)
        .map_err(|error| error.to_string())?
        .body(request.body.as_deref().unwrap_or_default().as_bytes())
        .sdk_version(&request.sdk_version)
        .key(&request.key);
    Ok(vestibule::fynd::sign(&input))
}
