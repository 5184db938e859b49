//! A bad document fails the build with one line that says where it is bad.
//!
//! The build script that cargo made for this crate is run on changed documents.
#![cfg(feature = "goodcity")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The newest build script of this crate, next to the folder that it wrote to.
fn build_script() -> PathBuf {
    let own_output = Path::new(env!("OUT_DIR"));
    let builds = own_output.parent().unwrap().parent().unwrap();
    let made = |path: &Path| -> SystemTime { fs::metadata(path).unwrap().modified().unwrap() };
    fs::read_dir(builds)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("vestibule-")
        })
        .map(|path| path.join("build-script-build"))
        .filter(|path| path.exists())
        .max_by_key(|path| made(path))
        .expect("cargo built the build script")
}

/// What the build says about GoodCity's document after `change`.
fn build(change: impl Fn(&str) -> String) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("openapi")).unwrap();
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/goodcity.yaml");
    let text = change(&fs::read_to_string(published).unwrap());
    fs::write(folder.path().join("openapi/goodcity.yaml"), text).unwrap();
    let output = Command::new(build_script())
        .current_dir(folder.path())
        .env_clear()
        .env("OUT_DIR", folder.path())
        .env("CARGO_FEATURE_GOODCITY", "1")
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let error = lines
        .lines()
        .find_map(|line| line.strip_prefix("cargo::error="));
    (
        output.status.success(),
        error.unwrap_or_default().to_owned(),
    )
}

/// What the build says after replacing the first `from` by `to`.
fn fault(from: &str, to: &str) -> String {
    let (success, error) = build(|text| {
        assert!(text.contains(from), "the document has no `{from}`");
        text.replacen(from, to, 1)
    });
    assert!(!success, "`{to}` was taken");
    error
}

#[test]
fn the_published_document_builds() {
    assert_eq!(build(str::to_owned), (true, String::new()));
}

#[test]
fn a_fault_names_file_path_method_and_what_is_wrong() {
    let error = fault("x-repeat: once", "x-repeat: sometimes");
    assert!(
        error.starts_with("openapi/goodcity.yaml: POST /api/v1/auth/"),
        "{error}"
    );
    assert!(
        error.ends_with("`x-repeat` is `safe` or `once`, not `sometimes`"),
        "{error}"
    );

    let error = fault(
        "      x-sends-message: true\n",
        "      x-sends-message: perhaps\n",
    );
    assert!(
        error.ends_with("`x-sends-message` must be true or false"),
        "{error}"
    );

    let error = fault("x-repeat: once", "x-repeat: safe");
    assert!(error.contains("must be `x-repeat: once`"), "{error}");

    let error = fault("operationId: send_pin", "operationId: sendPin");
    assert!(error.contains("must be snake_case"), "{error}");

    let error = fault("operationId: send_pin", "operationId: verify");
    assert!(error.contains("`verify` is used twice"), "{error}");

    let error = fault(
        "security:\n        - session",
        "security:\n        - pigeon",
    );
    assert!(error.contains("`pigeon` is not session"), "{error}");
}

#[test]
fn text_that_is_not_a_document_is_one_line_too() {
    for text in ["", "openapi: [", "openapi: 3.1.0", "openapi: 3.0.3"] {
        let (success, error) = build(|_| text.to_owned());
        assert!(!success);
        assert!(
            error.starts_with("openapi/goodcity.yaml: "),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_document_of_a_feature_that_is_off_is_not_even_opened() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(build_script())
        .current_dir(folder.path())
        .env_clear()
        .env("OUT_DIR", folder.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(
        !String::from_utf8(output.stdout)
            .unwrap()
            .contains("openapi/")
    );
}
