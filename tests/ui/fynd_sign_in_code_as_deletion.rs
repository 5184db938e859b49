//! A sign-in code does not delete an account.

use vestibule::fynd::{PendingCode, PendingDeletion};

fn deletion(login: PendingCode) -> PendingDeletion {
    login
}

fn main() {}
