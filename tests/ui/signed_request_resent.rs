//! A request is consumed when it is sent, and its signature with it.

use vestibule::Error;
use vestibule::wunder::Client;
use vestibule::wunder::user_api::types::PhoneBootstrap;

async fn twice(client: &Client, phone: PhoneBootstrap) -> Result<(), Error> {
    let api = client.user_api();
    let signed = api.create_or_sign_in_with_phone_number().body(phone);
    signed.send().await?;
    signed.send().await?;
    Ok(())
}

fn main() {}
