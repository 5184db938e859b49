//! Generates one client per OpenAPI document of an enabled system; see `build/`.

#[path = "build/mod.rs"]
mod build;

use std::path::PathBuf;
use std::{env, process};

/// The documents, each with the feature that it belongs to.
const DOCUMENTS: [(&str, &str); 5] = [
    ("wunder-auth", "WUNDER"),
    ("wunder-user", "WUNDER"),
    ("walletcrew", "WALLETCREW"),
    ("goodcity", "GOODCITY"),
    ("fynd", "FYND"),
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    for (name, feature) in DOCUMENTS {
        if env::var_os(format!("CARGO_FEATURE_{feature}")).is_none() {
            continue;
        }
        let file = PathBuf::from("openapi").join(format!("{name}.yaml"));
        println!("cargo:rerun-if-changed={}", file.display());
        let target = out.join(format!("{}.rs", name.replace('-', "_")));
        if let Err(fault) = build::generate(&file, &target) {
            println!("cargo::error={fault}");
            process::exit(1);
        }
    }
}
