//! The cookies of a session cannot be read, so they cannot be put into another one.

use vestibule::fynd::{Client, Session};

async fn second_session(client: &Client, session: &Session) {
    let _ = Session::from_cookies(client, session.cookies()).await;
}

fn main() {}
