//! A verification code does not sign in.

use vestibule::wunder::PhoneVerification;

async fn sign_in(verification: PhoneVerification) {
    verification.confirm("123456").await;
}

fn main() {}
