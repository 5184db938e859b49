//! The bootstrap call sends a code. Tokens are returned for the code, not before.

use vestibule::wunder::{Client, Session};
use vestibule::{Error, Phone};

async fn sign_in(client: &Client, phone: &Phone) -> Result<Session, Error> {
    client.sign_in_with_phone_code(phone).branch_id("2").send().await
}

fn main() {}
