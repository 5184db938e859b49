//! A pin is valid for one sign-in, and the state is consumed with it.

use vestibule::Error;
use vestibule::goodcity::PendingPin;

async fn twice(pending: PendingPin) -> Result<(), Error> {
    let _first = pending.confirm("1234").await?;
    let _second = pending.confirm("1234").await?;
    Ok(())
}

fn main() {}
