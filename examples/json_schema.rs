//! Prints the JSON schema of a type by its name, or of all types as one object.
//!
//! ```text
//! json_schema --list          every system and type
//! json_schema PhoneBootstrap  the schema of a type, of each system that has it
//! json_schema                 all schemas, by system and type
//! ```

// An example prints its result.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::process::ExitCode;

use vestibule::schema::{self, NamedSchema};

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1);
    let all = schema::all();
    match wanted.as_deref() {
        Some("--list") => {
            for named in &all {
                println!("{} {}", named.system(), named.name());
            }
            ExitCode::SUCCESS
        }
        Some(name) => {
            let found: Vec<_> = all
                .into_iter()
                .filter(|named| named.name() == name)
                .collect();
            if found.is_empty() {
                eprintln!("unknown type `{name}`; --list prints all");
                return ExitCode::FAILURE;
            }
            print(found)
        }
        None => print(all),
    }
}

fn print(schemas: Vec<NamedSchema>) -> ExitCode {
    let mut by_system = BTreeMap::<_, BTreeMap<_, _>>::new();
    for named in schemas {
        let of_system = by_system.entry(named.system().as_str()).or_default();
        of_system.insert(named.name(), named.schema());
    }
    match serde_json::to_string_pretty(&by_system) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
