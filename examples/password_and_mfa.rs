//! A user with a password enrols a second factor and then signs in with it (Wunder, on a mock).
//!
//! `cargo run --example password_and_mfa`

// An example prints its result.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Duration;

use vestibule::ErrorKind;
use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{Client, SignIn};

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "Correct-horse-7";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mock = Wunder::start().await;
    mock.add_user(WunderUser::new().verified_email(EMAIL).password(PASSWORD));
    let client = Client::builder(mock.base_url())
        .tenant("demo")
        .clock(mock.clock().clone())
        .build()?;
    // A code of the authenticator is valid once, so wait for the next one.
    let authenticator = || {
        mock.clock().advance(Duration::from_secs(30));
        mock.second_factor_code(EMAIL).unwrap_or_default()
    };

    let SignIn::SignedIn(session) = client.sign_in_with_password(EMAIL, PASSWORD).await? else {
        return Err("this user has no second factor yet".into());
    };
    println!("signed in by the password");

    let enrolment = session.request_mfa_enrolment().await?;
    // Show the picture, or `otpauth_uri()` as a link; both contain the secret.
    println!("to scan: {:?}", enrolment.qr_picture().await?);
    enrolment.confirm(authenticator()).await?;
    session.sign_out().await?;

    let SignIn::MfaRequired(mfa) = client.sign_in_with_password(EMAIL, PASSWORD).await? else {
        return Err("the second factor was not required".into());
    };
    let mfa = match mfa.confirm("000000").await {
        Ok(_) => return Err("a wrong code was accepted".into()),
        Err(failed) if failed.error.kind() == ErrorKind::Rejected => failed.state,
        Err(failed) => return Err(failed.error.into()),
    };
    println!("the error of a wrong code returns the state");
    let session = mfa.confirm(authenticator()).await?;
    let verified = session.profile().await?.email_is_verified;
    println!("signed in with both factors: e-mail verified {verified:?}");
    Ok(())
}
