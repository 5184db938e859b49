//! A private certificate authority and client certificates.

use vestibule::goodcity::Client;
use vestibule::testing::GoodCity;
use vestibule::{Delivery, ErrorKind};

use super::tls_server::{self, Authority};
use super::{builder, send_pin};

#[tokio::test]
async fn a_private_authority_is_trusted_once_it_is_set() {
    let mock = GoodCity::start().await;
    let authority = Authority::new();
    let base_url = tls_server::start(&authority, None, &mock.base_url()).await;

    let client = builder(&base_url).root_certificate(authority.pem());
    let client = client.build().unwrap();
    send_pin(&client).await.unwrap();
    assert_eq!(mock.count("send_pin"), 1);

    let error = send_pin(&builder(&base_url).build().unwrap()).await;
    assert_eq!(error.unwrap_err().delivery(), Delivery::NotSent);
    let other = builder(&base_url).root_certificate(Authority::new().pem());
    let error = send_pin(&other.build().unwrap()).await;
    assert_eq!(error.unwrap_err().delivery(), Delivery::NotSent);
    assert_eq!(mock.count("send_pin"), 1);
}

#[tokio::test]
async fn root_certificates_add_up() {
    let mock = GoodCity::start().await;
    let authorities = [Authority::new(), Authority::new(), Authority::new()];
    let [first, second, third] = &authorities;
    for authority in &authorities {
        let base_url = tls_server::start(authority, None, &mock.base_url()).await;
        let client = builder(&base_url)
            .root_certificate(format!("{}{}", first.pem(), second.pem()))
            .root_certificate(third.pem().into_bytes());
        send_pin(&client.build().unwrap()).await.unwrap();
    }
    assert_eq!(mock.count("send_pin"), 3);
}

#[tokio::test]
async fn a_client_certificate_opens_a_server_that_requires_one() {
    let mock = GoodCity::start().await;
    let (authority, clients) = (Authority::new(), Authority::new());
    let base_url = tls_server::start(&authority, Some(&clients), &mock.base_url()).await;
    let with_root = || builder(&base_url).root_certificate(authority.pem());

    let client = with_root().client_identity(clients.issue("back-end").pem());
    let client = client.build().unwrap();
    send_pin(&client).await.unwrap();
    assert_eq!(mock.count("send_pin"), 1);

    let without = with_root().build().unwrap();
    send_pin(&without).await.unwrap_err();
    let foreign = with_root().client_identity(authority.issue("back-end").pem());
    send_pin(&foreign.build().unwrap()).await.unwrap_err();
    assert_eq!(mock.count("send_pin"), 1);
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_is_a_misconfiguration_after_one_attempt() {
    let mock = GoodCity::start().await;
    let (authority, other) = (Authority::new(), Authority::new());
    for (why, issued) in [
        ("unknown issuer", other.issue("127.0.0.1")),
        ("expired", authority.issue_until("127.0.0.1", 2020)),
        ("another host", authority.issue("api.example.com")),
    ] {
        let base_url = tls_server::start_with(issued, &mock.base_url()).await;
        // With the default retries.
        let client = Client::builder(&base_url).app_name("app");
        let client = client.root_certificate(authority.pem()).build().unwrap();
        let error = send_pin(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misconfigured, "{why}: {error}");
        assert_eq!(
            (error.error_type(), error.attempts()),
            ("certificate", 1),
            "{why}"
        );
        assert_eq!(error.delivery(), Delivery::NotSent, "{why}");
        assert!(
            error.to_string().contains("certificate of 127.0.0.1"),
            "{why}: {error}"
        );
    }
    assert_eq!(mock.count("send_pin"), 0);
}
