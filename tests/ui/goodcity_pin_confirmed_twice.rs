//! A pin is valid for one sign-in, and the state is consumed with it.

use vestibule::Error;
use vestibule::goodcity::PendingCode;

async fn twice(pending: PendingCode) -> Result<(), Error> {
    let _first = pending.confirm("1234").await?;
    let _second = pending.confirm("1234").await?;
    Ok(())
}

fn main() {}
