//! The bootstrap call sends a code. Tokens are returned for the code, not before.

use vestibule::Error;
use vestibule::wunder::{Client, Session};

async fn sign_in(client: &Client) -> Result<Session, Error> {
    client.sign_in_with_phone_code(&"+43123456789".parse().unwrap()).branch_id("2").send_code().await
}

fn main() {}
