//! Proxies that environment variables name.

use std::env;

use tokio::process::Command;
use vestibule::Delivery;
use vestibule::testing::GoodCity;

use super::forward_proxy::ForwardProxy;
use super::{builder, send_pin};

const PROXY: &str = "VESTIBULE_TEST_PROXY";

/// The variables hold for a whole process, so the test runs itself in another one.
#[tokio::test]
async fn proxies_of_the_environment_are_for_https_to_other_hosts() {
    if let Ok(proxy) = env::var(PROXY) {
        return send_requests(&proxy).await;
    }
    let proxy = ForwardProxy::start().await;
    let this = "environment::proxies_of_the_environment_are_for_https_to_other_hosts";
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", this, "--nocapture"])
        .env(PROXY, proxy.url())
        .env("HTTP_PROXY", proxy.url())
        .env("HTTPS_PROXY", proxy.url())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output();
    let output = child.await.unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("1 passed"), "{shown}");
    let requests = proxy.requests();
    let targets = requests.iter().map(|request| request.target());
    let expected = [
        ("CONNECT", "https.invalid:443"),
        ("POST", "http://asked-for.invalid/api/v1/auth/send_pin"),
    ];
    assert_eq!(targets.collect::<Vec<_>>(), expected);
}

/// No name below `invalid` is resolved, so only a request to the proxy leaves the process.
async fn send_requests(proxy: &str) {
    let mock = GoodCity::start().await;
    let loopback = builder(&mock.base_url()).build().unwrap();
    send_pin(&loopback).await.unwrap();

    let plain = builder("http://plain.invalid").allow_plain_http(true);
    let error = send_pin(&plain.build().unwrap()).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);

    let without = builder("https://without.invalid").no_proxy();
    let error = send_pin(&without.build().unwrap()).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);

    let https = builder("https://https.invalid").build().unwrap();
    send_pin(&https).await.unwrap_err();

    let asked_for = builder("http://asked-for.invalid").allow_plain_http(true);
    let error = send_pin(&asked_for.proxy(proxy).build().unwrap()).await;
    assert_eq!(error.unwrap_err().status().unwrap().as_u16(), 502);
}
