//! Builds the HTTP client only.

fn main() {
    // Fails only if a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().build();
    println!("{}", client.is_ok());
}
