//! Signs in by password and reads the profile, with clients that progenitor has generated.

use vestibule_builds_progenitor::{wunder_auth, wunder_user};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = "https://go.api.gourban.services/v1";
    let password = std::env::var("PASSWORD")?;
    let body = wunder_auth::types::EmailSignIn::builder()
        .email("ada@example.org".to_owned())
        .password(password);
    let auth = wunder_auth::Client::new(base);
    let signed_in = auth.sign_in_email().tenant("mytenant").body(body).send().await?;
    println!("{}", signed_in.access_token.is_some());
    let profile = wunder_user::Client::new(base).get_customer().tenant("mytenant").send().await?;
    println!("{:?}", profile.email_is_verified);
    Ok(())
}
