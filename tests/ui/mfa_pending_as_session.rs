//! The provisional credential is valid only for the calls of the second factor.

use vestibule::wunder::MfaRequired;

async fn profile(mfa: MfaRequired) {
    mfa.profile().await;
}

fn main() {}
