//! The account to delete is no argument: it is the account that requested the code.

use vestibule::fynd::{PendingDeletion, Session};

async fn delete(pending: PendingDeletion, other: &Session) {
    let _ = pending.confirm("1234", other).await;
}

fn main() {}
