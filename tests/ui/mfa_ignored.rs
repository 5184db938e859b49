//! A sign-in may require a second factor, so it returns no session yet.

use vestibule::Error;
use vestibule::wunder::{Client, Session};

async fn sign_in(client: &Client) -> Result<Session, Error> {
    client
        .sign_in_with_password("ada@example.org", "the password")
        .await
}

fn main() {}
