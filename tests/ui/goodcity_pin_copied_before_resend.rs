//! A copy would hold on to a key that the resend makes old.

use vestibule::Error;
use vestibule::goodcity::{PendingPin, SignedIn};

async fn resend(mut pending: PendingPin) -> Result<SignedIn, Error> {
    let old = pending.clone();
    pending.resend().await?;
    Ok(old.confirm("1234").await?)
}

fn main() {}
