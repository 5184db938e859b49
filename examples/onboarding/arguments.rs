//! The command line: a system's name and its `--options`. Keys and tokens come from the
//! environment only, where no other user of the machine can read them.

use std::collections::BTreeMap;
use std::env;

use vestibule::Secret;

const HELP: &str = "\
Onboards a user on each of four identity systems.

Usage:
  onboarding                         all four, on mocks that it starts itself
  onboarding --all                   every flow of the four systems, each on a mock of its own
  onboarding wunder     --base-url URL --tenant NAME --phone +43… (--branch ID | --lat N --lng N)
                        [--language de] [--accept-terms]
  onboarding walletcrew --base-url URL --tenant NAME --provider NAME --identifier X [--flow NAME]
  onboarding goodcity   --base-url URL --app app --phone +852… [--first-name A --last-name B]
                        [--device-handle H --platform fcm]
  onboarding fynd       [--base-url URL] --country-code 91 --phone 9987568530
                        [--first-name A --last-name B]

Without --first-name and --last-name, GoodCity sends a pin to a known user; with both it signs up.
Fynd asks a user that it does not know for both names, after the code.
With --all each flow (signing in, registering, passwords, verification, second factor, profile, terms,
deletion and the others) is one line: the system, the flow, its steps and calls, and what came of it.
The last line counts those that ended as they should.
The code is asked for at the terminal, where `resend` asks for another one when its timer has ended.
--allow-plain-http permits http to a host that is not this machine.

Environment:
  WUNDER_SIGNATURE_KEY     the signature key of the tenant
  FYND_APPLICATION_ID      24 hex digits
  FYND_APPLICATION_TOKEN   the token of the application
  RUST_LOG                 what is logged, to standard error (`vestibule=debug`, `trace`)
";

/// The parsed command line.
pub struct Arguments {
    system: Option<String>,
    all_flows: bool,
    options: BTreeMap<String, String>,
}

impl Arguments {
    /// Nothing if only help was wanted.
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
                None => return Err(format!("`{word}` was not expected")),
            }
        }
        if arguments.all_flows && arguments.system.is_some() {
            return Err("--all is for the mocks, without the name of a system".to_owned());
        }
        if arguments.system.is_none() && !arguments.options.is_empty() {
            return Err("options belong to a system: name it first".to_owned());
        }
        Ok(Some(arguments))
    }

    pub fn system(&self) -> Option<String> {
        self.system.clone()
    }

    /// Whether every flow is to be walked on the mocks.
    pub fn all_flows(&self) -> bool {
        self.all_flows
    }

    pub fn flag(&mut self, name: &str) -> bool {
        self.options.remove(name).is_some()
    }

    pub fn optional(&mut self, name: &str) -> Option<String> {
        self.options.remove(name)
    }

    pub fn required(&mut self, name: &str) -> Result<String, String> {
        self.optional(name).ok_or(format!("--{name} is needed"))
    }

    /// Two options that go together: both or none.
    pub fn pair(&mut self, first: &str, second: &str) -> Result<Option<(String, String)>, String> {
        match (self.optional(first), self.optional(second)) {
            (Some(one), Some(other)) => Ok(Some((one, other))),
            (None, None) => Ok(None),
            _ => Err(format!("--{first} and --{second} go together")),
        }
    }

    /// Fails if an option is left that nobody asked for.
    pub fn finish(&self) -> Result<(), String> {
        match self.options.keys().next() {
            Some(name) => Err(format!("--{name} is not known here")),
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
