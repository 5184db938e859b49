//! What the documents call a mistake does not compile, and the compiler says why.
//!
//! Each file of `tests/mistakes` makes one mistake. The message beside it is the compiler's:
//! `TRYBUILD=overwrite cargo test --all-features --test mistakes` writes it anew, to be read.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

#[test]
fn each_documented_mistake_is_refused_by_the_compiler() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mistakes");
    let files = std::fs::read_dir(folder).expect("a folder of mistakes");
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mistakes = names.filter(|name| name.ends_with(".rs")).count();
    assert!(mistakes > 0, "there are no mistakes in {folder}");
    let compiler = trybuild::TestCases::new();
    compiler.compile_fail("tests/mistakes/*.rs");
    // It compiles when it is dropped.
    drop(compiler);
    support::proof("mistakes-refused-by-compiler", &mistakes.to_string());
}
