//! Turns one OpenAPI document into a client: types, calls and the policy table.
//!
//! 1. `document` reads the file and walks its operations,
//! 2. `check` refuses what would be misread, ignored or end in a panic further on,
//! 3. `policy` reads what the road must know about each operation,
//! 4. `prepare` rewrites a copy so that progenitor can express what the document says,
//! 5. `rewire` turns progenitor's code towards our own road, error and response types.
//!
//! A fault in a document is one line that names file, path, method and what is wrong.

mod check;
mod document;
mod enums;
mod names;
mod policy;
mod prepare;
mod rewire;

use std::any::Any;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use document::Document;
use policy::Policies;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle};
use serde_json::json;

/// Generates the client of `file` into `target`.
pub fn generate(file: &Path, target: &Path) -> Result<(), String> {
    let document = Document::read(file)?;
    check::check(&document)?;
    let document = document.with_base_path()?;
    let policies = policy::read(&document)?;

    // Whatever `check` does not foresee is a panic of a library; its usual report, with a trace
    // and no place in the document, would only hide the one line.
    let report = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let code = panic::catch_unwind(AssertUnwindSafe(|| client(&document, &policies)));
    panic::set_hook(report);
    let code = code.unwrap_or_else(|panic| Err(gave_up(&document, &*panic)))?;
    fs::write(target, code).map_err(|error| format!("{}: {error}", target.display()))
}

/// The code of the client that a document describes.
fn client(document: &Document, policies: &Policies) -> Result<String, String> {
    let prepared = prepare::prepare(document)?;
    let enums = prepared.enums.iter().map(|open_enum| {
        let values = format!("[{}]", open_enum.values.join(", "));
        (values, open_enum.name.clone())
    });
    if let Some((one, other, name)) = names::clash(enums) {
        let what = format!("the enums {one} and {other} both become `{name}`");
        return Err(document.fault("", "", what));
    }

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
    let rewired = rewire::rewire(document, generated, policies, &prepared)?;
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
    Ok(prettyplease::unparse(&rewired))
}

fn gave_up(document: &Document, panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied());
    let text: String = text.unwrap_or("no reason").chars().take(300).collect();
    document.fault("", "", format!("the generator gave up: {text}"))
}
