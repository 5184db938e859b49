//! Sign-in by a social account (Fynd and Wunder, on mocks).
//!
//! `cargo run --example social_login`

// An example prints its result.
#![allow(clippy::print_stdout)]

use std::error::Error;

use serde::Serialize;
use vestibule::testing::{Fynd, FyndProvider, FyndUser, Wunder, WunderUser};
use vestibule::{Secret, fynd, wunder};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    on_fynd().await?;
    on_wunder().await
}

/// Fynd documents the fields of each provider's login.
async fn on_fynd() -> Result<(), Box<dyn Error>> {
    use fynd::{Client, SignIn, SocialSignIn};

    let mock = Fynd::start().await;
    // This sales channel requires no mobile number of new users.
    mock.require_mobile(false);
    mock.add_user(FyndUser::new("Asha").social(FyndProvider::Google, "google-7"));
    // Your page gets such a token from Google's script, your app from Android.
    let known = mock.issue_social_token(FyndProvider::Google, "google-7", None);
    let unknown = mock.issue_social_token(
        FyndProvider::Google,
        "google-8",
        Some("chandra@example.com"),
    );

    let client = Client::builder("64b000000000000000000001")
        .application_token("application-token")
        .base_url(mock.base_url())
        .build()?;
    for token in [known, unknown] {
        let account = SocialSignIn::google(token);
        let session = match client.sign_in_with_social(account).await? {
            SignIn::SignedIn(session) | SignIn::SignedInWithCodes(session, _) => session,
            SignIn::ProfileRequired(profile) => {
                println!("fynd: a new user has to complete the profile first");
                let signed_in = profile
                    .first_name("Chandra")
                    .last_name("Sen")
                    .send()
                    .await?
                    .signed_in();
                signed_in.ok_or("codes have to be confirmed first")?
            }
            SignIn::CodesRequired(_) => return Err("codes have to be confirmed first".into()),
        };
        let name = session.profile().await?.first_name;
        println!("fynd: signed in {}", name.unwrap_or_default());
    }
    Ok(())
}

/// The login data is agreed with the Wunder operator; the client sends it unchanged.
#[derive(Serialize)]
struct Login {
    provider: &'static str,
    #[serde(serialize_with = "exposed")]
    token: Secret,
}

fn exposed<S: serde::Serializer>(token: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose())
}

async fn on_wunder() -> Result<(), Box<dyn Error>> {
    use wunder::{Client, SignIn};

    let mock = Wunder::start().await;
    mock.add_user(WunderUser::new().social("google", "a-token-of-google".into()));
    let client = Client::builder(mock.base_url()).tenant("demo").build()?;
    let login = Login {
        provider: "google",
        token: Secret::from("a-token-of-google"),
    };
    match client.sign_in_with_social(&login).await? {
        SignIn::SignedIn(session) => {
            let uuid = session.profile().await?.uuid;
            println!("wunder: signed in {}", uuid.unwrap_or_default());
            Ok(())
        }
        SignIn::MfaRequired(_) => Err("this user has no second factor".into()),
    }
}
