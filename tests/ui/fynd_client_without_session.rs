//! A client has no cookies of any user, so it has no profile either.

use vestibule::fynd::Client;

async fn profile(client: &Client) {
    let _ = client.user().await;
}

fn main() {}
