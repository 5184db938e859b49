//! An ignored outcome may be a second factor that is never requested.
#![deny(unused_must_use)]

use vestibule::Error;
use vestibule::wunder::Client;

async fn sign_in(client: &Client) -> Result<(), Error> {
    client
        .sign_in_with_password("ada@example.org", "the password")
        .await?;
    Ok(())
}

fn main() {}
