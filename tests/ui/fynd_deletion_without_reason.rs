//! A deletion requires a reason.

use vestibule::fynd::Session;

fn delete(session: &Session) {
    let _ = session.deletion();
}

fn main() {}
