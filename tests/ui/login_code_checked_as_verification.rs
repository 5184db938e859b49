//! A login code does not verify the phone number of a profile.

use vestibule::Error;
use vestibule::wunder::PendingCode;
use vestibule::wunder::user_api::types::Customer;

async fn verify(login: PendingCode) -> Result<Customer, Error> {
    Ok(login.confirm("123456").await?)
}

fn main() {}
