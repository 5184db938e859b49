//! A copy would keep a request id that the resend invalidates.

use vestibule::Error;
use vestibule::fynd::{PendingCode, SignIn};

async fn resend(mut pending: PendingCode) -> Result<SignIn, Error> {
    let old = pending.clone();
    pending.resend().await?;
    Ok(old.confirm("1234").await?)
}

fn main() {}
