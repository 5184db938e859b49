//! A code is valid for one sign-in, and the state is consumed with it.

use vestibule::Error;
use vestibule::wunder::PendingCode;

async fn twice(pending: PendingCode) -> Result<(), Error> {
    let _first = pending.confirm("123456").await?;
    let _second = pending.confirm("123456").await?;
    Ok(())
}

fn main() {}
