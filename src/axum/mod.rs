#![doc = include_str!("guide.md")]

mod client;
mod extract;
mod progress;
mod response;
mod states;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;

pub use self::client::SystemClient;
pub use self::extract::{InProgress, NewSignIn, SignedIn};
pub use self::progress::{Progress, ProgressStore, SignInProgress, WebSessionId};
#[cfg(feature = "tower-sessions")]
pub use self::tower_sessions::TowerSessions;
