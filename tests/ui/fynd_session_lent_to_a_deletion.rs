//! A deletion belongs to the session that began it.

use vestibule::fynd::{PendingDeletion, Session};

fn lent(pending: PendingDeletion, other: Session) -> PendingDeletion {
    PendingDeletion {
        session: other,
        ..pending
    }
}

fn main() {}
