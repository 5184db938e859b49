//! Refreshes a session's access token.

pub(in crate::session) mod backoff;
pub(in crate::session) mod exchange;
pub(in crate::session) mod lease;
pub(in crate::session) mod rejection;
pub(in crate::session) mod single_flight;
pub(in crate::session) mod state;
