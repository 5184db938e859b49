//! The provisional credential is valid only for the calls of the second factor.

use vestibule::wunder::{MfaRequired, Session};

async fn profile(session: Session, mfa: MfaRequired) {
    let _ = session.profile().await;
    let _ = mfa.profile().await;
}

fn main() {}
