//! A deletion that sent no code has nothing to confirm.

use vestibule::fynd::{Deletion, PendingDeletion};

async fn delete(pending: PendingDeletion, deletion: Deletion) {
    let _ = pending.confirm("1234").await;
    let _ = deletion.confirm("1234").await;
}

fn main() {}
