//! The example `onboarding` does what the README says, and shows no secret.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::env;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use vestibule::testing::{Fynd, GoodCity, Message, Outbox, WalletCrew, Wunder};

/// `cargo test` builds the examples next to the tests.
fn example(name: &str) -> Command {
    let test = env::current_exe().unwrap();
    let profile: PathBuf = test.parent().unwrap().parent().unwrap().into();
    let mut command = Command::new(profile.join("examples").join(name));
    command
        .env("RUST_LOG", "trace")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// The output of a finished example.
struct Output {
    lines: String,
    everything: String,
    success: bool,
}

async fn finish(child: Child) -> Output {
    let output = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output());
    let output = output.await.expect("the example ends").unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let everything = lines.clone() + &String::from_utf8_lossy(&output.stderr);
    Output {
        lines,
        everything,
        success: output.status.success(),
    }
}

#[tokio::test]
async fn four_users_are_onboarded_on_four_mocks() {
    let output = finish(example("onboarding").spawn().unwrap()).await;
    assert!(output.success, "{}", output.lines);
    let last = output.lines.lines().last().unwrap();
    let (done, of) = last
        .strip_prefix("onboarded: ")
        .unwrap()
        .split_once(" of ")
        .unwrap();
    support::proof("onboarding", &format!("{done}/{of}"));
    assert_eq!((done, of), ("4", "4"));
    for (system, step) in [
        ("wunder", "refresh"),
        ("goodcity", "resend"),
        ("fynd", "resend"),
    ] {
        let shown = |line: &str| line.starts_with(system) && line.contains(step);
        assert!(
            output.lines.lines().any(shown),
            "{system} {step}:\n{}",
            output.lines
        );
    }
}

#[tokio::test]
async fn every_flow_runs_and_is_counted() {
    let output = finish(example("onboarding").arg("--all").spawn().unwrap()).await;
    assert!(output.success, "{}", output.lines);
    let mut lines: Vec<&str> = output.lines.lines().collect();
    let last = lines.pop().unwrap();
    assert_eq!(last, format!("flows: {0} of {0}", lines.len()));
    for system in ["wunder", "walletcrew", "goodcity", "fynd"] {
        let of_system = lines.iter().filter(|line| line.starts_with(system));
        assert!(of_system.count() > 1, "{system}:\n{}", output.lines);
    }
}

#[tokio::test]
async fn flows_run_only_on_mocks() {
    let mut command = example("onboarding");
    let output = finish(command.args(["--all", "wunder"]).spawn().unwrap()).await;
    assert!(!output.success && output.lines.is_empty());
}

#[tokio::test]
async fn nothing_that_looks_like_a_secret_is_written_or_logged() {
    for arguments in [&[] as &[&str], &["--all"]] {
        let mut command = example("onboarding");
        let output = finish(command.args(arguments).spawn().unwrap()).await;
        let traced = output.everything.contains("TRACE");
        assert!(traced, "the log must be at its finest level");
        // The prefixes of JWTs, bearer tokens, the mocks' keys, and the resend and register tokens.
        for secret in [
            "eyJ",
            "Bearer ",
            Wunder::SIGNING_KEY,
            "246810",
            "signature=",
            "v1.1:",
            "otpauth:",
            "correct horse",
        ] {
            assert!(!output.everything.contains(secret), "`{secret}` was shown");
        }
    }
}

/// Runs an example against a mock in this process, enters the codes from the outbox, and checks
/// that no sent code is shown.
async fn onboard(mut command: Command, outbox: &Outbox) -> Output {
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let outbox_of_mock = outbox.clone();
    let typing = tokio::spawn(async move {
        let newest = async {
            loop {
                match outbox_of_mock.messages().pop() {
                    Some(Message { code, .. }) => return code,
                    None => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        let code = newest.await;
        input
            .write_all(format!("{code}\n").as_bytes())
            .await
            .unwrap();
    });
    let output = finish(child).await;
    typing.await.unwrap();
    for message in outbox.messages() {
        // A short pin may occur in a port or a time by chance; the lines for people contain
        // neither.
        let shown = if message.code.len() > 4 {
            &output.everything
        } else {
            &output.lines
        };
        assert!(!shown.contains(&message.code), "a code was shown");
    }
    assert_eq!(
        output.lines.lines().last(),
        Some("onboarded: 1 of 1"),
        "{}",
        output.lines
    );
    assert!(output.success);
    output
}

#[tokio::test]
async fn wunder_is_onboarded_from_the_command_line() {
    let mock = Wunder::start().await;
    let mut command = example("onboarding");
    command
        .args([
            "wunder",
            "--base-url",
            &mock.base_url(),
            "--tenant",
            "tenant01",
        ])
        .args(["--phone", "+43123456789", "--lat", "48.2", "--lng", "16.4"])
        .env("WUNDER_SIGNATURE_KEY", Wunder::SIGNING_KEY);
    onboard(command, mock.outbox()).await;
}

#[tokio::test]
async fn walletcrew_is_onboarded_from_the_command_line() {
    let mock = WalletCrew::start().await;
    let mut command = example("onboarding");
    command
        .args([
            "walletcrew",
            "--base-url",
            &mock.base_url(),
            "--tenant",
            "tenant01",
        ])
        .args([
            "--provider",
            "otp",
            "--identifier",
            "ada@example.org",
            "--flow",
            "activation",
        ]);
    onboard(command, mock.outbox()).await;
}

#[tokio::test]
async fn goodcity_is_onboarded_from_the_command_line() {
    let mock = GoodCity::start().await;
    let mut command = example("onboarding");
    command
        .args(["goodcity", "--base-url", &mock.base_url(), "--app", "app"])
        .args([
            "--phone",
            "+85261234567",
            "--first-name",
            "Ada",
            "--last-name",
            "Lovelace",
        ]);
    onboard(command, mock.outbox()).await;
}

#[tokio::test]
async fn fynd_is_onboarded_from_the_command_line() {
    let mock = Fynd::start().await;
    let mut command = example("onboarding");
    command
        .args(["fynd", "--base-url", &mock.base_url()])
        .args(["--phone", "+91 9987568530"])
        .args(["--first-name", "Ada", "--last-name", "Lovelace"])
        .env("FYND_APPLICATION_ID", "000000000000000000000001")
        .env("FYND_APPLICATION_TOKEN", "test-token-1");
    onboard(command, mock.outbox()).await;
}

#[tokio::test]
async fn a_failed_onboarding_says_where_and_what_to_do() {
    let mut command = example("onboarding");
    command
        .args([
            "wunder",
            "--base-url",
            "http://127.0.0.1:9",
            "--tenant",
            "tenant01",
        ])
        .args(["--phone", "+43123456789", "--branch", "2"])
        .env("WUNDER_SIGNATURE_KEY", "a key");
    let output = finish(command.spawn().unwrap()).await;
    assert!(!output.success);
    let failed = output
        .lines
        .lines()
        .find(|line| line.contains("FAILED"))
        .unwrap();
    assert!(
        failed.contains("send code") && failed.contains("try later"),
        "{failed}"
    );
    assert_eq!(output.lines.lines().last(), Some("onboarded: 0 of 1"));
}
