//! What the back end keeps of a browser, found by an opaque cookie.
//!
//! The ids of challenges and sessions stand here and nowhere else: no page, link or form carries
//! one, so nobody can put another's in.

mod browser_session;
mod cookie;
mod kept;
mod shelf;

pub use self::browser_session::Visitor;
pub use self::kept::{Field, Notice, SignedIn, Stage, Tone, Typed, Visit, Waiting};
pub use self::shelf::Browsers;
