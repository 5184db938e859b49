//! A build without TLS; `scripts/test.sh` runs it.
#![cfg(all(
    feature = "goodcity",
    not(any(feature = "rustls", feature = "native-tls"))
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use vestibule::ErrorKind;
use vestibule::goodcity::{Client, ClientBuilder};
use vestibule::reqwest;
use vestibule::testing::GoodCity;

fn builder(base_url: &str) -> ClientBuilder {
    Client::builder(base_url).app_name("app")
}

#[test]
fn what_needs_tls_fails_in_build_and_names_the_features() {
    let plain = || builder("http://localhost");
    for (builder, field) in [
        (builder("https://api.example.com"), "base_url"),
        (builder("https://localhost"), "base_url"),
        (plain().proxy("https://proxy.example.com"), "proxy"),
        (
            plain().root_certificate("a certificate"),
            "root_certificate",
        ),
        (plain().client_identity("a certificate"), "client_identity"),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.field(), Some(field));
        let text = error.to_string();
        for needed in ["`rustls`", "`native-tls`", "`http_client`"] {
            assert!(text.contains(needed), "{text}");
        }
    }
}

#[test]
fn a_custom_client_may_bring_its_own_tls() {
    let http = reqwest::Client::builder().build().unwrap();
    let client = builder("https://api.example.com").http_client(http);
    client.build().unwrap();
}

#[tokio::test]
async fn plain_http_works() {
    let mock = GoodCity::start().await;
    let client = builder(&mock.base_url()).build().unwrap();
    let phone = "+85251234567".parse().unwrap();
    drop(client.sign_in_with_pin(&phone).await.unwrap());
    assert_eq!(mock.count("send_pin"), 1);
}
