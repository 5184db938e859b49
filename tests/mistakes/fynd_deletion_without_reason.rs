//! Nobody is deleted without a reason.

use vestibule::fynd::{Client, Session};

fn delete(client: &Client, session: &Session) {
    let _ = session.deletion(client);
}

fn main() {}
