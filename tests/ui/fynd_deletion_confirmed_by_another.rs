//! Nobody says whose account a code deletes: it is the account that asked for it.

use vestibule::fynd::{PendingDeletion, Session};

async fn delete(pending: PendingDeletion, other: &Session) {
    let _ = pending.confirm("1234", other).await;
}

fn main() {}
