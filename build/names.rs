//! The Rust names that things of a document get, by the same rules as typify and progenitor.
//!
//! Two names of a document that become one Rust name would silently hide one of the two.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// What generated code, and the code that rewires it, knows by name alone.
const BY_NAME: [&str; 15] = [
    "Box",
    "ByteStream",
    "Clone",
    "Default",
    "Err",
    "Error",
    "From",
    "None",
    "Ok",
    "Option",
    "ResponseValue",
    "Result",
    "Self",
    "Some",
    "String",
];

/// The type of a schema, or of the arguments of an operation.
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

/// The variant for a value; every value has one, though several may have the same.
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

/// Whether a type of this name would hide one that is known by name alone.
pub fn is_relied_on(type_name: &str) -> bool {
    BY_NAME.contains(&type_name.trim_end_matches('_'))
}

/// The first two labels that share a Rust name, and that name.
pub fn clash(
    named: impl IntoIterator<Item = (String, String)>,
) -> Option<(String, String, String)> {
    let mut known: Vec<(String, String)> = Vec::new();
    for (label, name) in named {
        if let Some((first, _)) = known.iter().find(|(_, other)| *other == name) {
            return Some((first.clone(), label, name));
        }
        known.push((label, name));
    }
    None
}

/// The name with only what may stand inside an identifier.
fn plain(name: &str) -> String {
    name.replace('\'', "")
        .replace(|c: char| !is_identifier(&format!("_{c}")), "-")
}

fn identifier(cased: String, prefix: &str) -> String {
    let starts_well = cased
        .chars()
        .next()
        .is_some_and(|first| is_identifier(&format!("{first}_")));
    let name = if starts_well {
        cased
    } else if cased.is_empty() {
        "x".into()
    } else {
        format!("{prefix}{cased}")
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
