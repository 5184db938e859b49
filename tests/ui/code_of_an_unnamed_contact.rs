//! Codes were sent to a phone and to a mailbox: each has its own confirmation.

use vestibule::Error;
use vestibule::fynd::PendingCodes;

async fn to_whichever(codes: PendingCodes) -> Result<(), Error> {
    let _ = codes.confirm("123456").await?;
    Ok(())
}

fn main() {}
