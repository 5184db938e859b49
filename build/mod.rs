//! Turns one OpenAPI document into a client: types, calls and the policy table.
//!
//! 1. `document` reads the file and walks its operations,
//! 2. `policy` reads what the road must know about each operation,
//! 3. `prepare` rewrites a copy so that progenitor can express what the document says,
//! 4. `rewire` turns progenitor's code towards our own road, error and response types.
//!
//! A fault in a document is one line that names file, path, method and what is wrong.

mod document;
mod enums;
mod policy;
mod prepare;
mod rewire;

use std::fs;
use std::path::Path;

use document::Document;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle};
use serde_json::json;

/// Generates the client of `file` into `target`.
pub fn generate(file: &Path, target: &Path) -> Result<(), String> {
    let document = Document::read(file)?;
    let policies = policy::read(&document)?;
    let prepared = prepare::prepare(&document)?;

    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Separate)
        .with_hooks(HooksMode::Expected)
        .with_derive("PartialEq");
    let secret = json!({"type": "string", "format": "password"});
    settings.with_conversion(
        serde_json::from_value(secret).map_err(|error| document.fault("", "", error))?,
        "crate::Secret",
        std::iter::empty(),
    );
    for open_enum in &prepared.enums {
        settings.with_conversion(
            serde_json::from_value(open_enum.marker())
                .map_err(|error| document.fault("", "", error))?,
            format!("super::enums::{}", open_enum.name),
            std::iter::empty(),
        );
    }
    let description = serde_json::from_value(prepared.root.clone())
        .map_err(|error| document.fault("", "", error))?;
    let tokens = Generator::new(&settings)
        .generate_tokens(&description)
        .map_err(|error| document.fault("", "", error))?;

    let generated = syn::parse2(tokens).map_err(|error| document.fault("", "", error))?;
    let rewired = rewire::rewire(&document, generated, &policies, &prepared)?;
    let secrets = rewire::count_secrets(&rewired);
    if secrets != prepared.secret_fields {
        return Err(document.fault(
            "",
            "",
            format!(
                "{} fields are documented as secrets, {secrets} became `Secret`",
                prepared.secret_fields
            ),
        ));
    }
    fs::write(target, prettyplease::unparse(&rewired))
        .map_err(|error| format!("{}: {error}", target.display()))
}
