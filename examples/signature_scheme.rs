//! A custom signature scheme, for a tenant whose server requires it (Wunder).
//!
//! `cargo run --example signature_scheme`

// An example prints its result.
#![allow(clippy::print_stdout)]

use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use vestibule::BoxFuture;
use vestibule::chrono::{DateTime, Utc};
use vestibule::wunder::{BootstrapSignature, Client, SignatureError, SignatureInput};
use wiremock::matchers::path_regex;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const KEY: &str = "the key of the tenant";

/// HMAC-SHA-512 over timestamp and identifier, in base64, with the timestamp in seconds.
struct HmacSha512;

impl BootstrapSignature for HmacSha512 {
    fn timestamp(&self, time: DateTime<Utc>) -> String {
        time.timestamp().to_string()
    }

    fn signature<'a>(
        &'a self,
        input: &'a SignatureInput<'a>,
    ) -> BoxFuture<'a, Result<String, SignatureError>> {
        let signature = sign(input.key.expose(), input.timestamp, input.identifier);
        Box::pin(std::future::ready(Ok(signature)))
    }
}

fn sign(key: &str, timestamp: &str, identifier: &str) -> String {
    let Ok(mac) = Hmac::<Sha512>::new_from_slice(key.as_bytes()) else {
        // HMAC accepts keys of any length.
        return String::new();
    };
    let mac = mac.chain_update(timestamp).chain_update(identifier);
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// A server that accepts only this scheme.
async fn server() -> MockServer {
    let server = MockServer::start().await;
    let judge = |request: &Request| {
        let query = |wanted: &str| {
            let mut pairs = request.url.query_pairs();
            let found = pairs.find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.into_owned())
        };
        let body: serde_json::Value = request.body_json().unwrap_or_default();
        let phone = body["phoneNumber"].as_str().unwrap_or_default();
        let expected = sign(KEY, &query("timestamp").unwrap_or_default(), phone);
        let is_valid = query("signature") == Some(expected);
        ResponseTemplate::new(if is_valid { 204 } else { 403 })
    };
    let bootstrap = path_regex("/create-or-sign-in-with-phone-number$");
    let mock = Mock::given(bootstrap).respond_with(judge);
    mock.mount(&server).await;
    server
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = server().await;
    let builder = || {
        Client::builder(server.uri())
            .tenant("demo")
            .signing_key(KEY)
    };

    let ours = builder().signature_scheme(HmacSha512).build()?;
    let _ = ours
        .sign_in_with_phone_code(&"+43123456789".parse()?)
        .branch_id("2")
        .send()
        .await?;
    println!("the tenant's scheme is accepted");

    let default = builder().build()?;
    match default
        .sign_in_with_phone_code(&"+43987654321".parse()?)
        .branch_id("2")
        .send()
        .await
    {
        Err(error) => println!("the default scheme is refused: {error}"),
        Ok(_) => return Err("the default scheme was accepted".into()),
    }
    Ok(())
}
