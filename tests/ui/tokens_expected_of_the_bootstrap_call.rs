//! The plain bootstrap call returns an empty response.

use vestibule::Error;
use vestibule::wunder::Client;
use vestibule::wunder::user_api::types::PhoneBootstrap;

async fn sign_in(client: &Client, phone: PhoneBootstrap) -> Result<(), Error> {
    let api = client.user_api();
    let response = api
        .create_or_sign_in_with_phone_number()
        .body(phone)
        .send()
        .await?;
    println!("{:?}", response.access_token);
    Ok(())
}

fn main() {}
