//! The state of a browser, which an opaque cookie names.
//!
//! Only this state holds the ids of challenges and sessions: no page, link or form carries one, so an
//! attacker cannot inject another user's id.

mod browser_session;
mod browser_store;
mod cookie;
mod state;

pub use self::browser_session::BrowserSession;
pub use self::browser_store::BrowserStore;
pub use self::state::{
    Field, FormValues, Notice, PendingSignIn, Progress, SignInState, SignedIn, Tone,
};
