//! Documented mistakes do not compile, and the compiler says why.
//!
//! Each file of `tests/ui` contains one mistake, with the compiler's message beside it.
//! `TRYBUILD=overwrite cargo test --all-features --test ui` regenerates the messages, to be
//! reviewed.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// The mistakes that the vendors and the challenges of this crate name, each with a file that
/// contains it.
const NAMED: [(&str, &str); 12] = [
    (
        "expecting tokens from the bootstrap call",
        "tokens_expected_of_send_code",
    ),
    (
        "a login code given to phone verification",
        "login_code_as_phone_verification",
    ),
    ("a signature reused", "signature_reused"),
    ("a second factor ignored", "mfa_ignored"),
    (
        "a confirmed challenge used again",
        "any_code_confirmed_twice",
    ),
    ("an older key sent", "goodcity_pin_copied_before_resend"),
    (
        "a session of one user used for another",
        "fynd_session_moved_into_a_deletion",
    ),
    ("an unsigned bootstrap request", "bootstrap_without_signer"),
    (
        "a country calling code and a number swapped",
        "phone_parts_swapped",
    ),
    ("two passwords in the wrong order", "passwords_swapped"),
    ("a password sent as a code", "password_sent_as_code"),
    (
        "a code sent to the wrong kind of confirmation",
        "sign_in_code_confirmed_as_password_reset",
    ),
];

#[test]
fn each_documented_mistake_is_rejected_by_the_compiler() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui");
    let files = std::fs::read_dir(folder).expect("a folder of mistakes");
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mistakes: Vec<String> = names.filter(|name| name.ends_with(".rs")).collect();
    for (mistake, file) in NAMED {
        let is_made = mistakes.contains(&format!("{file}.rs"));
        assert!(is_made, "{mistake}: there is no {file}.rs");
    }
    let compiler = trybuild::TestCases::new();
    compiler.compile_fail("tests/ui/*.rs");
    // Dropping it compiles the files.
    drop(compiler);
    support::proof("compile-fail", &mistakes.len().to_string());
}
