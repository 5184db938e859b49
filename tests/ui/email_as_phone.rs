//! A phone number is a `Phone`, not text that could be an address.

use vestibule::goodcity::Client;
use vestibule::{Email, Error};

async fn to_a_mailbox(client: Client) -> Result<(), Error> {
    let email = Email::parse("ada@example.org")?;
    client.sign_in_with_pin(&email).await?;
    Ok(())
}

fn main() {}
