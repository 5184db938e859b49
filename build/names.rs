//! The Rust names of what a document names, by the same rules as typify and progenitor.
//!
//! Two names of a document that become one Rust name would silently hide one of the two.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// Types and variants that generated code uses without a path.
const USED_BY_NAME: &str =
    "Box Clone Default Err Error From None Ok Option Result Self Some String";

/// The type of a schema, or the builder of an operation.
pub fn type_name(name: &str) -> String {
    identifier(plain(name).to_upper_camel_case(), "X")
}

/// The member for a property.
pub fn member(name: &str) -> String {
    identifier(plain(name).to_snake_case(), "x")
}

/// The argument for a parameter.
pub fn argument(name: &str) -> String {
    identifier(plain(name).to_snake_case(), "_")
}

/// The variant for a value; several values may have the same.
pub fn variant(value: &str) -> String {
    let camel = plain(value).to_upper_camel_case();
    match camel.as_str() {
        "" if value.is_empty() => "Empty".into(),
        "" => "Symbol".into(),
        // The variant that keeps unknown values.
        "Other" => "Other_".into(),
        _ => identifier(camel, "Value"),
    }
}

/// Whether a type of this name would hide one that generated code uses without a path.
pub fn is_relied_on(type_name: &str) -> bool {
    let name = type_name.trim_end_matches('_');
    USED_BY_NAME.split(' ').any(|used| used == name)
}

/// Refuses two labels that share a Rust name; `what` they are is for the message.
pub fn clash(what: &str, named: impl IntoIterator<Item = (String, String)>) -> Result<(), String> {
    let mut known: Vec<(String, String)> = Vec::new();
    for (label, name) in named {
        if let Some((first, _)) = known.iter().find(|(_, other)| *other == name) {
            return Err(format!(
                "the {what} `{first}` and `{label}` both become `{name}`"
            ));
        }
        known.push((label, name));
    }
    Ok(())
}

/// The name with only what may stand inside an identifier.
fn plain(name: &str) -> String {
    name.replace('\'', "")
        .replace(|c: char| !is_identifier(&format!("_{c}")), "-")
}

fn identifier(cased: String, prefix: &str) -> String {
    let first = cased.chars().next();
    let name = match first {
        None => "x".into(),
        Some(first) if is_identifier(&format!("{first}_")) => cased,
        Some(_) => format!("{prefix}{cased}"),
    };
    if is_identifier(&name) && name != "gen" {
        name
    } else {
        format!("{name}_")
    }
}

pub fn is_identifier(text: &str) -> bool {
    syn::parse_str::<syn::Ident>(text).is_ok()
}
