//! A custom `reqwest::Client`, here with its own address for the server (GoodCity, on a mock).
//!
//! `cargo run --example custom_http_client`

// An example prints its result.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::net::SocketAddr;

use vestibule::Settings;
use vestibule::goodcity::Client;
use vestibule::testing::GoodCity;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mock = GoodCity::start().await;
    let address: SocketAddr = mock.base_url().replace("http://", "").parse()?;

    // Set any option of reqwest. The crate's limits on time, bodies, headers and redirects still
    // apply. Certificates, a proxy and the user agent need no custom client: the builder of a client
    // sets them.
    let http = Settings::new()
        .http_client_builder()?
        .resolve_to_addrs("goodcity.example", &[address])
        .no_proxy()
        .build()?;
    let client = Client::builder(format!("http://goodcity.example:{}", address.port()))
        .app_name("app")
        .allow_plain_http(true)
        .http_client(http)
        .build()?;
    let _ = client.sign_in_with_pin(&"+85261234567".parse()?).await?;

    let arrived = mock.count("send_pin");
    println!("at the server: {arrived}");
    if arrived != 1 {
        return Err("the call did not reach the server".into());
    }
    Ok(())
}
