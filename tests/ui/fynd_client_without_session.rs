//! A client has no user's cookies, so it has no profile.

use vestibule::fynd::Client;

async fn profile(client: &Client) {
    let _ = client.user().await;
}

fn main() {}
