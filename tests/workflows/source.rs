//! The public methods of the crate's types, as its source has them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::page::Method;

/// The methods of all types of a system that are written out in its folder or come by a macro.
pub fn methods(system: &str) -> BTreeSet<Method> {
    let mut methods = BTreeSet::new();
    for file in files(&source().join(system)) {
        let text = fs::read_to_string(file).expect("a source file");
        let mut of: Option<String> = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("impl ") {
                of = rest.strip_suffix(" {").map(str::to_owned);
            } else if line == "}" {
                of = None;
            }
            let Some(of) = &of else { continue };
            let mut add = |name: &str| {
                methods.insert(Method {
                    system: system.to_owned(),
                    of: of.clone(),
                    name: name.to_owned(),
                })
            };
            if line.trim_start().contains("session_methods!(") {
                for name in names_in(&source().join("session/mod.rs")) {
                    add(&name);
                }
            }
            if let Some(name) = public_name(line) {
                add(name);
            }
        }
    }
    methods
}

/// The test that walks through a system's workflows.
pub fn walk(system: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/workflows");
    fs::read_to_string(folder.join(format!("{system}.rs"))).expect("a walk")
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the source");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let deeper = folders.iter().flat_map(|folder| self::files(folder));
    files.into_iter().chain(deeper).collect()
}

fn names_in(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("a source file");
    let names = text.lines().filter_map(public_name);
    names.map(str::to_owned).collect()
}

/// The name of the public function that begins in this line.
fn public_name(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}
