//! The example `mock_server`, run as a process: each of its flags works over real HTTP.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/calls.rs"]
#[allow(dead_code, unused_imports)]
mod calls;
#[path = "mock_server/faults.rs"]
mod faults;
#[path = "mock_server/pages.rs"]
mod pages;
#[path = "mock_server/process.rs"]
mod process;
#[path = "mock_server/seeds.rs"]
mod seeds;
#[path = "mock_server/time.rs"]
mod time;

use std::net::TcpListener;

use process::{refused, run, serve};

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn each_mock_listens_on_its_configured_port() {
    let systems = ["wunder", "walletcrew", "goodcity", "fynd"];
    let ports = systems.map(|_| free_port());
    let flags = systems.iter().zip(&ports);
    let flags = flags.map(|(system, port)| format!("--{system}-port={port}"));
    let server = serve(flags).await;
    for (system, port) in systems.iter().zip(ports) {
        assert_eq!(server.url(system), format!("http://127.0.0.1:{port}"));
        let outbox = server.get(system, "/__outbox").await;
        assert_eq!((outbox.status, outbox.text.as_str()), (200, "[]"));
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let message = refused([format!("--fynd-port={port}")]).await;
    assert!(
        message.contains(&format!("port {port} for fynd")),
        "{message}"
    );
}

#[tokio::test]
async fn help_lists_every_flag_fault_and_profile() {
    let help = run(["--help"]).await;
    assert!(help.success);
    for expected in [
        "--wunder-port",
        "--walletcrew-port",
        "--goodcity-port",
        "--fynd-port",
        "--wunder-user",
        "--wunder-social-account",
        "--wunder-api-client",
        "--wunder-terms",
        "--walletcrew-customer",
        "--goodcity-user",
        "--fynd-user",
        "--fynd-attribute",
        "--start-time",
        "--clock-offset",
        "--fault",
        "--profile",
        "--cors",
        "/__outbox",
        "POST /__clock",
        "reset-before",
        "captive-portal",
    ] {
        assert!(help.out.contains(expected), "{expected}");
    }
}

#[tokio::test]
async fn a_wrong_flag_is_refused_with_the_expected_form() {
    for (flag, printed) in [
        (
            "--wunder-prt=1",
            "tip: a similar argument exists: '--wunder-port'",
        ),
        ("--wunder-port=70000", "70000 is not in 0..=65535"),
        (
            "--wunder-user=phone",
            "`phone` must have the form name=value",
        ),
        (
            "--wunder-user=fone=+43123456789",
            "--wunder-user has no member fone=",
        ),
        ("--wunder-api-client=id", "must have the form ID:KEY"),
        (
            "--wunder-social-account=apple",
            "must have the form PROVIDER:TOKEN",
        ),
        ("--wunder-terms=2", "must have the form BRANCH=TITLE"),
        (
            "--walletcrew-customer=email=a@b.c",
            "--walletcrew-customer requires tenant=",
        ),
        (
            "--walletcrew-customer=tenant=a",
            "--walletcrew-customer requires email=",
        ),
        (
            "--goodcity-user=first-name=Ada",
            "--goodcity-user requires mobile=",
        ),
        (
            "--fynd-user=mobile=9000000001",
            "mobile= must have two parts",
        ),
        (
            "--fynd-user=social=orkut:1",
            "social= must begin with google, facebook or apple",
        ),
        (
            "--fynd-attribute=size=huge",
            "TYPE must be text, number, boolean or list",
        ),
        ("--start-time=tomorrow", "invalid value 'tomorrow'"),
        ("--clock-offset=soon", "invalid value 'soon'"),
        ("--fault=503", "must have the form SYSTEM:OPERATION=FAULT"),
        (
            "--fault=find:logout=503",
            "unknown system `find`: must be one of wunder, walletcrew",
        ),
        (
            "--fault=fynd:log_out=503",
            "fynd has no operation `log_out`; it has: add_email",
        ),
        (
            "--fault=fynd:logout=200",
            "unknown fault `200`: must be a status from 400 to 599",
        ),
        ("--fault=fynd:logout=503,delay=1", "delay= requires `slow`"),
        (
            "--fault=fynd:logout=slow,retry-after=1",
            "retry-after= requires a status",
        ),
        ("--profile=chaos", "unknown profile `chaos`: must be outage"),
        (
            "--cors=localhost:3000",
            "an origin must be `*` or a scheme and a host",
        ),
    ] {
        let message = refused([flag]).await;
        assert!(message.contains(printed), "{flag}: {message}");
    }
}
