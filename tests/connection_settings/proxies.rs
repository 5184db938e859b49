//! Proxies set on the builder.

use vestibule::ErrorKind;
use vestibule::testing::GoodCity;

use super::forward_proxy::ForwardProxy;
use super::log::Log;
use super::tls_server::{self, Authority};
use super::{builder, send_pin};

/// `user:p@ss` in Basic authentication.
const AUTHORIZATION: &str = "Basic dXNlcjpwQHNz";

#[tokio::test]
async fn a_proxy_forwards_plain_http_also_to_loopback() {
    let mock = GoodCity::start().await;
    let proxy = ForwardProxy::start().await;
    let client = builder(&mock.base_url()).proxy(proxy.url_for("user", "p%40ss"));
    send_pin(&client.build().unwrap()).await.unwrap();

    assert_eq!(mock.count("send_pin"), 1);
    let requests = proxy.requests();
    let url = format!("{}/api/v1/auth/send_pin", mock.base_url());
    assert_eq!(requests[0].target(), ("POST", url.as_str()));
    assert_eq!(
        requests[0].header("proxy-authorization"),
        Some(AUTHORIZATION)
    );
}

#[tokio::test]
async fn a_proxy_connects_to_https_and_sees_no_request() {
    let mock = GoodCity::start().await;
    let (authority, proxy) = (Authority::new(), ForwardProxy::start().await);
    let base_url = tls_server::start(&authority, None, &mock.base_url()).await;
    let client = builder(&base_url)
        .root_certificate(authority.pem())
        .proxy(proxy.url_for("user", "p%40ss"));
    send_pin(&client.build().unwrap()).await.unwrap();

    assert_eq!(mock.count("send_pin"), 1);
    let requests = proxy.requests();
    let host = base_url.strip_prefix("https://").unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].target(), ("CONNECT", host));
    assert_eq!(
        requests[0].header("proxy-authorization"),
        Some(AUTHORIZATION)
    );
}

#[tokio::test]
async fn a_proxy_with_tls_uses_the_root_certificates() {
    let mock = GoodCity::start().await;
    let (authority, proxy) = (Authority::new(), ForwardProxy::start().await);
    let encrypted = tls_server::start(&authority, None, &proxy.url()).await;
    let client = builder(&mock.base_url())
        .root_certificate(authority.pem())
        .proxy(encrypted);
    send_pin(&client.build().unwrap()).await.unwrap();
    assert_eq!((mock.count("send_pin"), proxy.requests().len()), (1, 1));
}

#[tokio::test]
async fn of_proxy_and_no_proxy_the_last_call_applies() {
    let mock = GoodCity::start().await;
    let proxy = ForwardProxy::start().await;
    let without = builder(&mock.base_url()).proxy(proxy.url()).no_proxy();
    send_pin(&without.build().unwrap()).await.unwrap();
    assert_eq!(proxy.requests().len(), 0);
    let with = builder(&mock.base_url()).no_proxy().proxy(proxy.url());
    send_pin(&with.build().unwrap()).await.unwrap();
    assert_eq!(proxy.requests().len(), 1);
}

#[tokio::test]
async fn neither_errors_nor_logs_show_the_credentials_of_a_proxy() {
    let log = Log::install();
    let mock = GoodCity::start().await;
    let proxy = ForwardProxy::start().await;
    let url = proxy.url_for("proxy-user", "proxy-password");
    let client = builder(&mock.base_url()).proxy(url).build().unwrap();
    send_pin(&client).await.unwrap();
    assert_eq!(proxy.requests().len(), 1);

    let unreachable = "http://proxy-user:proxy-password@127.0.0.1:1";
    let client = builder(&mock.base_url()).proxy(unreachable);
    let mut shown = format!("{client:?}");
    let client = client.build().unwrap();
    let error = send_pin(&client).await.unwrap_err();
    shown += &format!("{client:?} {error} {error:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        shown += &format!(" {inner} {inner:?}");
        source = inner.source();
    }
    assert!(!shown.contains("127.0.0.1:1"), "{shown}");
    assert!(shown.contains("127.0.0.1 or to its proxy"), "{shown}");
    let logged = log.take();
    assert!(logged.contains("vestibule.attempt"), "{logged}");
    // `proxy-user:proxy-password` in Base64.
    for hidden in [
        "proxy-user",
        "proxy-password",
        "cHJveHktdXNlcjpwcm94eS1wYXNzd29yZA",
    ] {
        assert!(!shown.contains(hidden), "{shown}");
        assert!(!logged.contains(hidden), "{logged}");
    }
}

/// A proxy that accepts no user.
async fn refusing_proxy() -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let _ = from.read(&mut [0; 4096]).await;
            let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                           content-length: 0\r\nconnection: close\r\n\r\n";
            let _ = from.write_all(refusal.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn a_proxy_that_refuses_the_user_is_a_misconfiguration() {
    let mock = GoodCity::start().await;
    for base_url in [mock.base_url(), mock.base_url().replace("http:", "https:")] {
        let client = builder(&base_url).proxy(refusing_proxy().await);
        let error = send_pin(&client.build().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error}");
        assert_eq!(error.error_type(), "proxy", "{error}");
        assert_eq!(error.attempts(), 1, "{error}");
    }
    assert!(mock.journal().is_empty());
}
