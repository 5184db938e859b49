//! A login code is confirmed. Only a verification is checked.

use vestibule::wunder::PendingCode;

async fn verify(login: PendingCode) {
    login.check("123456").await;
}

fn main() {}
