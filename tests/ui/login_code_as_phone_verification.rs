//! A pending login does not verify a phone number of a signed-in user.

use vestibule::wunder::{PendingCode, PhoneVerification};

fn verification(login: PendingCode) -> PhoneVerification {
    login
}

fn main() {}
