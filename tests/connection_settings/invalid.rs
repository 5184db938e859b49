//! Wrong settings fail in `build`, and the error names the setting.

use std::time::Duration;

use vestibule::goodcity::ClientBuilder;
use vestibule::{ErrorKind, Settings};

use super::tls_server::Authority;

const BASE_URL: &str = "https://api.example.com";

fn builder() -> ClientBuilder {
    super::builder(BASE_URL)
}

/// The field of the error of `build`, which shows none of `hidden`.
fn wrong_field(builder: ClientBuilder, hidden: &str) -> String {
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    let shown = format!("{error} {error:?}");
    assert!(hidden.is_empty() || !shown.contains(hidden), "{shown}");
    error.field().unwrap_or_default().to_owned()
}

#[test]
fn a_root_certificate_is_pem_with_certificates() {
    let authority = Authority::new();
    let key = authority.issue("back-end").key.serialize_pem();
    let cut = authority.pem().replace("-----END", "");
    let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let second_is_wrong = format!("{}{not_a_certificate}", authority.pem());
    for wrong in [
        "",
        "a certificate",
        &key,
        &cut,
        not_a_certificate,
        &second_is_wrong,
    ] {
        let builder = builder()
            .root_certificate(authority.pem())
            .root_certificate(wrong);
        assert_eq!(wrong_field(builder, ""), "root_certificate", "{wrong}");
    }
}

#[test]
fn a_client_identity_is_a_certificate_and_its_key() {
    let authority = Authority::new();
    let (one, other) = (authority.issue("one"), authority.issue("other"));
    let certificate = one.certificate.pem();
    let key = one.key.serialize_pem();
    let another_key = format!("{certificate}{}", other.key.serialize_pem());
    let encrypted = format!(
        "{certificate}{}",
        key.replace("PRIVATE", "ENCRYPTED PRIVATE")
    );
    for wrong in [
        "",
        "an identity",
        &certificate,
        &key,
        &another_key,
        &encrypted,
    ] {
        let builder = builder().client_identity(wrong);
        let base64 = key.lines().nth(1).unwrap();
        assert_eq!(wrong_field(builder, base64), "client_identity", "{wrong}");
    }
    let key_first = format!("{key}{certificate}");
    for right in [one.pem(), key_first] {
        builder().client_identity(right).build().unwrap();
    }
}

#[test]
fn a_proxy_is_an_http_url_without_a_path() {
    for wrong in [
        "",
        "proxy.example.com:3128",
        "http://",
        "socks5://user:s3cr3t@proxy.example.com",
        "http://user:s3cr3t@proxy.example.com/path",
        "http://user:s3cr3t@proxy.example.com?query",
        "http://user:s3cr3t@proxy.example.com:99999",
        " http://user:s3cr3t@proxy.example.com",
        "http://user:s3cr3t@proxy.example.com\n",
    ] {
        let builder = builder().proxy(wrong);
        assert_eq!(wrong_field(builder, "s3cr3t"), "proxy", "{wrong}");
    }
    builder()
        .proxy("https://user:s3cr3t@proxy.example.com/")
        .build()
        .unwrap();
}

#[test]
fn a_user_agent_is_visible_ascii() {
    for wrong in [
        "",
        " ",
        " app/1",
        "app/1 ",
        "app/1\r\nx: y",
        "app/ü",
        "a\tb",
    ] {
        assert_eq!(
            wrong_field(builder().user_agent(wrong), ""),
            "user_agent",
            "{wrong:?}"
        );
    }
}

#[test]
fn settings_of_connections_do_not_apply_to_a_custom_client() {
    let http = Settings::new()
        .http_client_builder()
        .unwrap()
        .build()
        .unwrap();
    let builder = || builder().http_client(http.clone());
    let identity = Authority::new().issue("one").pem();
    for (builder, field) in [
        (
            builder().root_certificate(Authority::new().pem()),
            "root_certificate",
        ),
        (builder().client_identity(identity), "client_identity"),
        (builder().proxy("http://proxy.example.com"), "proxy"),
        (builder().no_proxy(), "no_proxy"),
        (
            builder().pool_idle_timeout(Duration::from_secs(1)),
            "pool_idle_timeout",
        ),
        (builder().user_agent("app/1"), "user_agent"),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.field(), Some(field));
        assert!(error.to_string().contains("`http_client`"), "{error}");
    }
    builder().build().unwrap();
}
