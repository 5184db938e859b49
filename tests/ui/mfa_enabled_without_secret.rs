//! A second factor is enabled only by the state that holds its secret.

use vestibule::wunder::Session;

async fn enable(session: Session) {
    session.enable("123456").await;
}

fn main() {}
