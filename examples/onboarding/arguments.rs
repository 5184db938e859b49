//! The command line: a system's name and its `--options`. Keys and tokens come from the
//! environment only, where no other user of the machine can read them.

use std::collections::BTreeMap;
use std::env;

use vestibule::{Phone, Secret};

const HELP: &str = "\
Onboards a user on each of four identity systems.

Usage:
  onboarding                         all four, on mocks
  onboarding --all                   every flow of the four systems, each on its own mock
  onboarding wunder     --base-url URL --tenant NAME --phone +43… (--branch ID | --lat N --lng N)
                        [--language de] [--accept-terms]
  onboarding walletcrew --base-url URL --tenant NAME --provider NAME --identifier X [--flow NAME]
  onboarding goodcity   --base-url URL --app app --phone +852… [--first-name A --last-name B]
                        [--device-handle H --platform fcm]
  onboarding fynd       [--base-url URL] --phone +91…
                        [--first-name A --last-name B]

Without --first-name and --last-name, GoodCity sends a pin to an existing user; with both it signs up.
Fynd requires both names of a new user, after the code.
With --all each flow (sign-in, registration, passwords, verification, second factor, profile, terms,
deletion and others) prints one line: the system, the flow, its steps and calls, and the result.
The last line counts the flows that succeeded.
The code is read from the terminal, where `resend` requests a new one after the resend timer.
--allow-plain-http permits http to a host other than the loopback interface.

Environment:
  WUNDER_SIGNATURE_KEY     the signature key of the tenant
  FYND_APPLICATION_ID      24 hex digits
  FYND_APPLICATION_TOKEN   the token of the application
  RUST_LOG                 the log filter (`vestibule=debug`, `trace`); logs go to standard error
";

/// The parsed command line.
pub struct Arguments {
    system: Option<String>,
    all_flows: bool,
    options: BTreeMap<String, String>,
}

impl Arguments {
    /// Parses the command line; `None` after `--help`.
    pub fn from_command_line() -> Result<Option<Self>, String> {
        let mut arguments = Self {
            system: None,
            all_flows: false,
            options: BTreeMap::new(),
        };
        let mut words = env::args().skip(1);
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some("help") => {
                    print!("{HELP}");
                    return Ok(None);
                }
                Some("all") => arguments.all_flows = true,
                Some(name @ ("accept-terms" | "allow-plain-http")) => {
                    arguments.options.insert(name.to_owned(), String::new());
                }
                Some(name) => {
                    let value = words.next().filter(|value| !value.is_empty());
                    let value = value.ok_or(format!("--{name} needs a value"))?;
                    arguments.options.insert(name.to_owned(), value);
                }
                None if arguments.system.is_none() => arguments.system = Some(word),
                None => return Err(format!("unexpected argument `{word}`")),
            }
        }
        if arguments.all_flows && arguments.system.is_some() {
            return Err("--all runs on mocks and takes no system".to_owned());
        }
        if arguments.system.is_none() && !arguments.options.is_empty() {
            return Err("options need the name of a system first".to_owned());
        }
        Ok(Some(arguments))
    }

    pub fn system(&self) -> Option<String> {
        self.system.clone()
    }

    /// Whether to run every flow on mocks.
    pub fn all_flows(&self) -> bool {
        self.all_flows
    }

    pub fn flag(&mut self, name: &str) -> bool {
        self.options.remove(name).is_some()
    }

    pub fn optional(&mut self, name: &str) -> Option<String> {
        self.options.remove(name)
    }

    /// The required `--phone`, with its country calling code.
    pub fn phone(&mut self) -> Result<Phone, String> {
        let phone = self.required("phone")?;
        phone
            .parse()
            .map_err(|error: vestibule::Error| error.to_string())
    }

    pub fn required(&mut self, name: &str) -> Result<String, String> {
        self.optional(name).ok_or(format!("--{name} is required"))
    }

    /// Two options that go together: both or none.
    pub fn pair(&mut self, first: &str, second: &str) -> Result<Option<(String, String)>, String> {
        match (self.optional(first), self.optional(second)) {
            (Some(one), Some(other)) => Ok(Some((one, other))),
            (None, None) => Ok(None),
            _ => Err(format!("--{first} and --{second} go together")),
        }
    }

    /// Fails if an unknown option is left.
    pub fn finish(&self) -> Result<(), String> {
        match self.options.keys().next() {
            Some(name) => Err(format!("unknown option --{name}")),
            None => Ok(()),
        }
    }
}

/// A secret from the environment.
pub fn secret(name: &str) -> Result<Secret, String> {
    match env::var(name) {
        Ok(value) => Ok(Secret::from(value)),
        Err(_) => Err(format!("set {name} in the environment")),
    }
}
