//! A second factor is enabled by the state that holds its secret, and by nothing else.

use vestibule::wunder::Session;

async fn enable(session: Session) {
    session.enable("123456").await;
}

fn main() {}
