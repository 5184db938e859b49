//! Why there was no response: the host and the cause, and a certificate that is not trusted.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vestibule::goodcity::Client;
use vestibule::testing::{Fault, FaultProxy, FaultRule, GoodCity, RefusingPort};
use vestibule::{AnyJson, Backoff, Delivery, Error, ErrorKind, Settings, fynd};

/// The error of a call to a server that does not respond.
async fn fails(base_url: impl Into<String>, settings: Settings) -> Error {
    let client = Client::builder(base_url)
        .app_name("app")
        .allow_plain_http(true);
    let client = client.settings(settings).build().unwrap();
    let error = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    error
}

fn once() -> Settings {
    Settings::new().retry(Backoff::none())
}

#[track_caller]
fn says(error: &Error, host: &str, cause: &str) {
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(error.error_type(), "connect", "{error}");
    let expected = format!("could not connect to {host}: {cause}");
    assert!(error.to_string().contains(&expected), "{error}");
    assert!(error.is_retryable(), "{error}");
}

#[tokio::test]
async fn a_name_that_is_not_resolved() {
    let error = fails("http://no-such-host.invalid", once()).await;
    says(&error, "no-such-host.invalid", "its name was not resolved");
}

#[tokio::test]
async fn a_refused_connection() {
    let port = RefusingPort::take().unwrap();
    let error = fails(port.base_url(), once()).await;
    says(&error, "127.0.0.1", "the connection was refused");
}

/// A gateway that failed may have passed the first attempt on.
#[tokio::test]
async fn a_refused_connection_after_a_failure_of_a_gateway() {
    let gateway = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = fynd::Client::builder("000000000000000000000001")
        .application_token("application-token")
        .base_url(format!("http://{}", gateway.local_addr().unwrap()))
        .build()
        .unwrap();
    let session = client.resume_with_cookies([("f.session", "1")]).await;
    let served = tokio::spawn(async move {
        let (mut connection, _) = gateway.accept().await.unwrap();
        drop(gateway);
        let mut request = [0; 4096];
        let _ = connection.read(&mut request).await.unwrap();
        let response =
            b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        connection.write_all(response).await.unwrap();
    });
    let session = session.unwrap();
    let request = session.request(Method::PUT, "/custom").idempotent(true);
    let error = request.send::<Option<AnyJson>>().await.unwrap_err();
    served.await.unwrap();
    assert!(error.attempts() > 1, "{error}");
    assert_eq!(error.delivery(), Delivery::Unknown, "{error}");
}

#[tokio::test]
async fn a_failed_tls_handshake() {
    let mock = GoodCity::start().await;
    let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
    proxy.inject(FaultRule::new(Fault::TlsFailure));
    let error = fails(proxy.https_url(), once()).await;
    says(&error, "127.0.0.1", "the TLS handshake failed");
}

#[tokio::test]
async fn a_connection_that_takes_too_long() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let settings = once().connect_timeout(Duration::from_millis(100));
    let error = fails(url, settings).await;
    says(&error, "127.0.0.1", "it took too long");
}

/// A TLS server with a certificate that it has made itself; counts the connections.
#[cfg(feature = "rustls")]
fn untrusted_server() -> (String, Arc<AtomicUsize>) {
    use rustls::pki_types::PrivateKeyDer;

    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut tls = rustls::StreamOwned::new(connection, stream.unwrap());
            let _ = tls.read(&mut [0; 1]);
        }
    });
    (url, connections)
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn an_untrusted_certificate_is_a_misconfiguration_after_one_attempt() {
    let (url, connections) = untrusted_server();
    let error = fails(url, Settings::default()).await;
    assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error}");
    assert_eq!(error.error_type(), "certificate");
    let expected = "the certificate of 127.0.0.1 is not trusted: check `base_url`";
    assert!(error.to_string().contains(expected), "{error}");
    assert_eq!(
        (error.attempts(), connections.load(Ordering::SeqCst)),
        (1, 1)
    );
    assert!(!error.is_retryable());
    assert_eq!(error.http_status(), 500);
}
