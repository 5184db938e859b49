//! A code that was sent to sign in deletes nobody.

use vestibule::fynd::{PendingCode, PendingDeletion};

fn deletion(login: PendingCode) -> PendingDeletion {
    login
}

fn main() {}
