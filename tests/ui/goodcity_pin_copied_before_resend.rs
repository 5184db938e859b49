//! A copy would keep a key that the resend invalidates.

use vestibule::Error;
use vestibule::goodcity::{PendingCode, SignedIn};

async fn resend(mut pending: PendingCode) -> Result<SignedIn, Error> {
    let old = pending.clone();
    pending.resend().await?;
    Ok(old.confirm("1234").await?)
}

fn main() {}
