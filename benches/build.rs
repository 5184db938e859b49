//! Generates progenitor's own client from the document of vestibule's User API client.

use std::path::PathBuf;
use std::{env, fs};

const DOCUMENT: &str = "../openapi/wunder-user.yaml";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={DOCUMENT}");
    let text = fs::read_to_string(DOCUMENT).expect("the document");
    let document: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
    let document = serde_json::from_value(document).expect("an OpenAPI document");
    let mut settings = progenitor::GenerationSettings::new();
    settings.with_interface(progenitor::InterfaceStyle::Builder);
    let tokens = progenitor::Generator::new(&settings)
        .generate_tokens(&document)
        .expect("a client");
    let file = syn::parse2(tokens).expect("Rust");
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR")).join("wunder_user.rs");
    fs::write(target, prettyplease::unparse(&file)).expect("written");
}
