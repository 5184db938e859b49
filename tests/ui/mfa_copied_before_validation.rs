//! A sign-in that lacks its second factor cannot be copied.

use vestibule::Error;
use vestibule::wunder::{MfaRequired, Session};

async fn validate(mfa: MfaRequired) -> Result<Session, Error> {
    let spare = mfa.clone();
    let _first = mfa.confirm("123456").await;
    Ok(spare.confirm("654321").await?)
}

fn main() {}
