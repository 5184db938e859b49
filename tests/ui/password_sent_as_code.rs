//! A new password is no code, so that it is not sent in the path of a URL.

use vestibule::wunder::PendingResetCode;
use vestibule::{Error, NewPassword};

async fn swapped(reset: PendingResetCode) -> Result<(), Error> {
    reset.set_password(NewPassword::new("new"), "123456").await?;
    Ok(())
}

fn main() {}
