//! Nothing but the HTTP client.

fn main() {
    // It is an error to install it twice, and this is the first time.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().build();
    println!("{}", client.is_ok());
}
