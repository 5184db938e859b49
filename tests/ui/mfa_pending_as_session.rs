//! The provisional credential makes no other calls than those of the second factor.

use vestibule::wunder::MfaRequired;

async fn profile(mfa: MfaRequired) {
    mfa.profile().await;
}

fn main() {}
