//! Signs in by password and reads the profile, by hand on reqwest.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignedIn {
    access_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Customer {
    email_is_verified: Option<bool>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Fails only if a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().build()?;
    let base = "https://go.api.gourban.services/v1/mytenant";
    let password = std::env::var("PASSWORD")?;
    let body =
        std::collections::HashMap::from([("email", "ada@example.org"), ("password", &password)]);
    let sign_in = client
        .post(format!("{base}/auth/sign-in-email"))
        .json(&body);
    let signed_in: SignedIn = sign_in.send().await?.error_for_status()?.json().await?;
    let profile = client
        .get(format!("{base}/front/customers"))
        .bearer_auth(signed_in.access_token);
    let profile: Customer = profile.send().await?.error_for_status()?.json().await?;
    println!("{:?}", profile.email_is_verified);
    Ok(())
}
