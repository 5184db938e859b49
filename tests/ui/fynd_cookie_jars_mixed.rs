//! The cookies of a session cannot be read, so they cannot be put into another one.

use vestibule::fynd::{Client, Session};

async fn second_session(client: &Client, session: &Session) {
    let _ = client.resume_with_cookies(session.cookies()).await;
}

fn main() {}
