//! A login code is confirmed, only a verification is checked.

use vestibule::wunder::PendingCode;

async fn verify(login: PendingCode) {
    login.check("123456").await;
}

fn main() {}
