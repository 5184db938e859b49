//! How long sessions live, how instances import one credential as one session, and how a credential leaves
//! a session.
#![cfg(all(feature = "wunder", feature = "goodcity", feature = "fynd"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "session_life/exported.rs"]
mod exported;
#[path = "session_life/imported.rs"]
mod imported;
#[allow(dead_code, reason = "other tests use all of it")]
#[path = "outside_sessions/step_store.rs"]
mod step_store;
#[allow(dead_code, reason = "other tests use all of it")]
#[path = "outside_sessions/stubborn_store.rs"]
mod stubborn_store;
mod support;
#[path = "session_life/timeouts.rs"]
mod timeouts;
#[allow(dead_code, reason = "other tests use all of it")]
#[path = "outside_sessions/token_server.rs"]
mod token_server;

use vestibule::session::Tokens;
use vestibule::testing::InstanceSession;

async fn access(session: &InstanceSession) -> String {
    let token = session.access_token().await.unwrap();
    token.expose().to_owned()
}

/// Tokens that do not expire, as far as the client knows.
fn lasting_tokens() -> Tokens {
    Tokens::new("access-0", Some("refresh-0".into()))
}
