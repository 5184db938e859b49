//! The faults of the command line, as bodies of the control API.

use std::str::FromStr;

use serde_json::{Value, json};
use vestibule::System;

/// One `--fault` or `--profile`.
#[derive(Clone)]
pub struct FaultFlag {
    /// `None` for all systems.
    pub system: Option<System>,
    pub body: Value,
}

/// One `--profile`.
#[derive(Clone)]
pub struct ProfileFlag(pub FaultFlag);

impl FromStr for FaultFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "must have the form SYSTEM:OPERATION=FAULT".to_owned();
        let (system, rest) = text.split_once(':').ok_or_else(form)?;
        let (operation, rest) = rest.split_once('=').ok_or_else(form)?;
        let mut words = rest.split(',');
        let kind = words.next().unwrap_or_default();
        let mut body = match kind.parse::<u16>() {
            Ok(status) => json!({"fault": "status", "status": status}),
            Err(_) => json!({"fault": kind}),
        };
        body["operation"] = json!(operation);
        for word in words {
            let (name, value) = match word.split_once('=') {
                Some(("times", value)) => ("times", value),
                Some(("retry-after", value)) => ("retry_after", value),
                Some(("delay", value)) => ("delay_seconds", value),
                _ => return Err(format!("`{word}` is not times=, retry-after= or delay=")),
            };
            let not_a_number = |_| format!("`{value}` is not an integer");
            body[name] = json!(value.parse::<u64>().map_err(not_a_number)?);
        }
        Ok(Self {
            system: Some(known_system(system)?),
            body,
        })
    }
}

impl FromStr for ProfileFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (system, name) = match text.split_once(':') {
            Some((system, name)) => (Some(known_system(system)?), name),
            None => (None, text),
        };
        let body = json!({"profile": name});
        Ok(Self(FaultFlag { system, body }))
    }
}

fn known_system(name: &str) -> Result<System, String> {
    name.parse()
        .map_err(|error: vestibule::Error| error.to_string())
}
