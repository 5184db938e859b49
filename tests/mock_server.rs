//! The binary `vestibule-mock`, run as a process: each of its flags and each operation of its control API
//! works over real HTTP.
#![cfg(feature = "mock-server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/calls.rs"]
#[allow(dead_code, unused_imports)]
mod calls;
#[path = "mock_server/control.rs"]
mod control;
#[path = "mock_server/control_access.rs"]
mod control_access;
#[path = "support/documents.rs"]
#[allow(dead_code)]
mod documents;
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
        "--bind",
        "--control-token",
        "--allow-host",
        "VESTIBULE_MOCK_CONTROL_TOKEN",
        "/__mock/",
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
            "--wunder-user: each member must have the form name=value",
        ),
        (
            "--wunder-user=fone=+43123456789",
            "--wunder-user: `fone` is not known here: the known ones are phone,",
        ),
        (
            "--wunder-user=email=ada@example.org,second-factor=maybe",
            "--wunder-user: second-factor= must be yes or no",
        ),
        (
            "--wunder-api-client=id",
            "--wunder-api-client: must have the form ID:KEY",
        ),
        (
            "--wunder-social-account=apple",
            "must have the form PROVIDER:TOKEN",
        ),
        ("--wunder-terms=2", "must have the form BRANCH=TITLE"),
        (
            "--walletcrew-customer=email=a@b.c",
            "--walletcrew-customer: `tenant` is required",
        ),
        (
            "--walletcrew-customer=tenant=a",
            "--walletcrew-customer: `email` or `phone` or `id` is required",
        ),
        (
            "--goodcity-user=first-name=Ada",
            "--goodcity-user: mobile= is required",
        ),
        (
            "--fynd-user=mobile=9000000001",
            "mobile= must have two parts",
        ),
        (
            "--fynd-user=social=orkut:1",
            "--fynd-user: `provider` must be one of google, facebook, apple",
        ),
        (
            "--fynd-attribute=size=huge",
            "--fynd-attribute: `type` must be one of text, number, boolean, list",
        ),
        ("--start-time=tomorrow", "invalid value 'tomorrow'"),
        ("--clock-offset=soon", "invalid value 'soon'"),
        ("--fault=503", "must have the form SYSTEM:OPERATION=FAULT"),
        (
            "--fault=find:logout=503",
            "must be `wunder`, `walletcrew`, `goodcity` or `fynd`",
        ),
        (
            "--fault=fynd:log_out=503",
            "--fault: `operation` must be an operation of this mock: add_email",
        ),
        (
            "--fault=fynd:logout=200",
            "--fault: `status` must be an integer from 400 to 599",
        ),
        (
            "--fault=fynd:logout=late",
            "--fault: `fault` must be one of status, slow, reset, reset-before",
        ),
        (
            "--fault=fynd:logout=503,delay=1",
            "--fault: `delay_seconds` requires the fault `slow`",
        ),
        (
            "--fault=fynd:logout=slow,retry-after=1",
            "--fault: `retry_after` requires the fault `status`",
        ),
        (
            "--profile=chaos",
            "--profile: `profile` must be one of outage, rate-limit",
        ),
        ("--bind=nowhere", "invalid value 'nowhere'"),
        (
            "--bind=0.0.0.0",
            "--bind: an address beyond the loopback interface requires a control token",
        ),
        (
            "--control-token=short",
            "--control-token: a control token must have at least 16 characters",
        ),
        (
            "--allow-host=http://mock.internal",
            "--allow-host: a host must be a name such as mock.internal",
        ),
        (
            "--cors=localhost:3000",
            "an origin must be `*` or a scheme and a host",
        ),
    ] {
        let message = refused([flag]).await;
        assert!(message.contains(printed), "{flag}: {message}");
    }
}
