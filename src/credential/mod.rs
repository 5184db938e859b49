//! What is attached to a request besides a session's token.

#[cfg(feature = "fynd")]
mod cookie_jar;

#[cfg(feature = "fynd")]
pub(crate) use self::cookie_jar::{CookieJar, JarCredential};
