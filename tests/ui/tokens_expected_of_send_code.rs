//! The bootstrap call sends a code. Tokens are returned for the code, not before.

use vestibule::Error;
use vestibule::wunder::{Client, Session};

async fn sign_in(client: &Client) -> Result<Session, Error> {
    client.phone_sign_in("+43123456789", "2").send_code().await
}

fn main() {}
