//! A verification code does not sign in.

use vestibule::Error;
use vestibule::wunder::{PhoneVerification, Session};

async fn sign_in(verification: PhoneVerification) -> Result<Session, Error> {
    Ok(verification.confirm("123456").await?)
}

fn main() {}
