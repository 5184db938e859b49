//! A deletion requires a reason.

use vestibule::fynd::Session;

fn delete(session: &Session) {
    let _ = session.request_deletion();
}

fn main() {}
