//! A deletion belongs to the session that started it.

use vestibule::fynd::{PendingDeletion, Session};

fn lent(pending: PendingDeletion, other: Session) -> PendingDeletion {
    PendingDeletion {
        session: other,
        ..pending
    }
}

fn main() {}
