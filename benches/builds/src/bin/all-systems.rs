//! Signs in by password and reads the profile, with all systems enabled.

use vestibule::wunder::{Client, SignIn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder("https://go.api.gourban.services/v1").tenant("mytenant").build()?;
    let password = std::env::var("PASSWORD")?;
    if let SignIn::SignedIn(session) = client.sign_in_with_password("ada@example.org", password).await? {
        println!("{:?}", session.profile().await?.email_is_verified);
    }
    Ok(())
}
