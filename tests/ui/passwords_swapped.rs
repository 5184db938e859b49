//! The current and the new password have types of their own.

use vestibule::fynd::Session;
use vestibule::{CurrentPassword, Error, NewPassword};

async fn swapped(session: Session) -> Result<(), Error> {
    let (current, new) = (CurrentPassword::new("old"), NewPassword::new("new"));
    session.update_password(new, current).await
}

fn main() {}
