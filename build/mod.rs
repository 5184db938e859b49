//! Turns one OpenAPI document into a client: types, calls and the policy table. In this order:
//!
//! 1. `document` reads the file,
//! 2. `check` refuses what would be misread, ignored or end in a panic later on,
//! 3. `policy` reads what the pipeline needs to know about each operation,
//! 4. `prepare` rewrites a copy so that progenitor can express what the document says,
//! 5. progenitor generates the types and, for each operation, a builder of its arguments,
//! 6. `emit` completes them: it adapts types and builders to this crate, and writes the calls, the
//!    policy table and the open `enums` from the document.
//!
//! `names` has the Rust names that all stages agree on. A fault in a document is one line that
//! names file, path, method and what is wrong.

mod check;
mod document;
mod emit;
mod enums;
mod names;
mod policy;
mod prepare;

use std::any::Any;
use std::error::Error;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::{fs, iter};

use document::Document;
use enums::OpenEnum;
use policy::Policy;
use prepare::Prepared;
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use serde_json::json;

/// Generates the client of `file` into `target`.
pub fn generate(file: &Path, target: &Path) -> Result<(), String> {
    let document = Document::read(file)?;
    check::check(&document)?;
    let base_path = document.base_path()?;
    let policies = policy::read(&document)?;

    // What `check` does not foresee is a panic of a library, whose own report has a backtrace and
    // no place in the document.
    let report = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let code = panic::catch_unwind(AssertUnwindSafe(|| {
        client(&document, &base_path, &policies)
    }));
    panic::set_hook(report);
    let code = code.unwrap_or_else(|panic| Err(document.fault(reason(&*panic))))?;
    fs::write(target, code).map_err(|error| format!("{}: {error}", target.display()))
}

/// The code of the client that a document describes.
fn client(document: &Document, base_path: &str, policies: &[Policy<'_>]) -> Result<String, String> {
    let prepared = prepare::prepare(document, base_path, policies);
    let enums = prepared.enums.iter().map(|open_enum| {
        let values = format!("[{}]", open_enum.values.join(", "));
        (values, open_enum.name.clone())
    });
    names::clash("enums", enums).map_err(|what| document.fault(what))?;
    let generated = generated(&prepared).map_err(|what| document.fault(what))?;
    let client = emit::client(document, base_path, policies, &prepared, generated)?;
    Ok(prettyplease::unparse(&client))
}

/// What progenitor makes of the prepared copy.
fn generated(prepared: &Prepared) -> Result<syn::File, Box<dyn Error>> {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_derive("PartialEq");
    let secret = json!({"type": "string", "format": "password"});
    let secret = (secret, "crate::Secret".to_owned());
    let enums = prepared.enums.iter().map(OpenEnum::replacement);
    for (schema, name) in enums.chain([secret]) {
        settings.with_conversion(serde_json::from_value(schema)?, name, iter::empty());
    }
    let description = serde_json::from_value(prepared.root.clone())?;
    let tokens = Generator::new(&settings).generate_tokens(&description)?;
    Ok(syn::parse2(tokens)?)
}

fn reason(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied());
    let text: String = text.unwrap_or("no reason").chars().take(300).collect();
    format!("the generator panicked: {text}")
}
