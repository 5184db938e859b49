//! A code that was sent to sign in sets no password.

use vestibule::wunder::{PendingResetCode, PendingCode};
use vestibule::{Error, NewPassword};

async fn wrong_kind(reset: PendingResetCode, pending: PendingCode) -> Result<(), Error> {
    reset.set_password("123456", NewPassword::new("new")).await?;
    pending.set_password("123456", NewPassword::new("new")).await?;
    Ok(())
}

fn main() {}
