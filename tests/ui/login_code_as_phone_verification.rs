//! A login is waiting for its code. That verifies no phone number of a signed-in user.

use vestibule::wunder::{PendingCode, PhoneVerification};

fn verification(login: PendingCode) -> PhoneVerification {
    login
}

fn main() {}
