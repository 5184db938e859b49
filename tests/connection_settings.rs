//! Certificates, proxies and the user agent, set on a client's builder.
#![cfg(all(feature = "goodcity", any(feature = "rustls", feature = "native-tls")))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "connection_settings/certificates.rs"]
mod certificates;
#[path = "connection_settings/environment.rs"]
mod environment;
#[path = "connection_settings/forward_proxy.rs"]
mod forward_proxy;
#[cfg(feature = "rustls")]
#[path = "connection_settings/http2.rs"]
mod http2;
#[path = "connection_settings/invalid.rs"]
mod invalid;
#[path = "redaction/log.rs"]
mod log;
#[path = "connection_settings/proxies.rs"]
mod proxies;
#[path = "connection_settings/tls_server.rs"]
mod tls_server;

use vestibule::goodcity::{Client, ClientBuilder};
use vestibule::testing::GoodCity;
use vestibule::{Backoff, Error};

const MOBILE: &str = "+85251234567";

/// A builder of a client that sends each request once.
fn builder(base_url: &str) -> ClientBuilder {
    let builder = Client::builder(base_url).app_name("app");
    builder.retry(Backoff::none())
}

async fn send_pin(client: &Client) -> Result<(), Error> {
    client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .map(drop)
}

#[tokio::test]
async fn the_own_product_comes_first_in_the_user_agent() {
    let mock = GoodCity::start().await;
    let proxy = forward_proxy::ForwardProxy::start().await;
    let client = builder(&mock.base_url()).proxy(proxy.url());
    let client = client.user_agent("my-back-end/1.0 (test)").build().unwrap();
    send_pin(&client).await.unwrap();
    let ours = concat!("vestibule/", env!("CARGO_PKG_VERSION"));
    let requests = proxy.requests();
    let agent = requests[0].header("user-agent").unwrap();
    assert_eq!(agent, format!("my-back-end/1.0 (test) {ours}"));
}
