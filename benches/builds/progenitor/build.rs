//! Generates clients by progenitor, as its manual says.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let mut documents = vec!["wunder-auth", "wunder-user"];
    if env::var_os("CARGO_FEATURE_ALL_SYSTEMS").is_some() {
        documents.extend(["walletcrew", "goodcity", "fynd"]);
    }
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR"));
    for name in documents {
        let file = format!("../../../openapi/{name}.yaml");
        println!("cargo:rerun-if-changed={file}");
        let text = fs::read_to_string(file).expect("the document");
        let document: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
        let document = serde_json::from_value(document).expect("an OpenAPI document");
        let mut settings = progenitor::GenerationSettings::new();
        settings.with_interface(progenitor::InterfaceStyle::Builder);
        let tokens = progenitor::Generator::new(&settings).generate_tokens(&document);
        let tokens = tokens.unwrap_or_else(|error| panic!("{name}: {error}"));
        let code = prettyplease::unparse(&syn::parse2(tokens).expect("Rust"));
        fs::write(target.join(name), code).expect("written");
    }
}
