//! A custom `reqwest::Client`, here with a proxy (GoodCity, on a mock).
//!
//! `cargo run --example custom_http_client`

// An example prints its result.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use vestibule::Settings;
use vestibule::goodcity::Client;
use vestibule::reqwest::{Proxy, Url};
use vestibule::testing::GoodCity;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mock = GoodCity::start().await;
    let (proxy, seen) = forward_proxy().await?;

    // Set any option of reqwest: proxies, certificates, addresses, DNS. The crate's limits on time,
    // bodies, headers and redirects still apply.
    let http = Settings::default()
        .http_client_builder()?
        .proxy(Proxy::http(&proxy)?)
        .user_agent("my-back-end/1.0")
        .build()?;
    let client = Client::builder(mock.base_url())
        .app_name("app")
        .http_client(http)
        .build()?;
    client.sign_in_with_pin(&"+85261234567".parse()?).await?;

    let (seen, arrived) = (seen.load(Ordering::SeqCst), mock.count("send_pin"));
    println!("through the proxy: {seen}, at the server: {arrived}");
    if (seen, arrived) != (1, 1) {
        return Err("the call did not go through the proxy".into());
    }
    Ok(())
}

/// Starts a proxy for plain HTTP on a free port, with a counter of its requests.
async fn forward_proxy() -> io::Result<(String, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = seen.clone();
    tokio::spawn(async move {
        while let Ok((from, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(forward(from));
        }
    });
    Ok((url, seen))
}

/// A proxy receives the whole URL, the server behind it only the path.
async fn forward(mut from: TcpStream) -> io::Result<()> {
    let mut head = vec![0; 16 * 1024];
    let read = from.read(&mut head).await?;
    let text = String::from_utf8_lossy(head.get(..read).unwrap_or_default()).into_owned();
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let wanted = text.split(' ').nth(1).ok_or_else(invalid)?;
    let url = Url::parse(wanted).map_err(|_| invalid())?;
    let host = url.host_str().ok_or_else(invalid)?;
    let port = url.port_or_known_default().ok_or_else(invalid)?;
    let mut to = TcpStream::connect((host, port)).await?;
    to.write_all(text.replacen(wanted, url.path(), 1).as_bytes())
        .await?;
    copy_bidirectional(&mut from, &mut to).await?;
    Ok(())
}
