//! A code that was sent to sign in sets no password.

use vestibule::wunder::PendingCode;
use vestibule::{Error, NewPassword};

async fn wrong_kind(pending: PendingCode) -> Result<(), Error> {
    pending.set_password("123456", NewPassword::new("new")).await?;
    Ok(())
}

fn main() {}
