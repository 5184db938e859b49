//! A client has no user's cookies, so it has no profile.

use vestibule::fynd::{Client, Session};

async fn profile(session: &Session, client: &Client) {
    let _ = session.profile().await;
    let _ = client.profile().await;
}

fn main() {}
