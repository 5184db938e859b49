//! Headers that a hook of the caller adds to each attempt.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, header};

use super::options::{CLIENT_SETS, CallOptions, LANGUAGE_SETS, is_own};
use crate::error::{Error, System};

/// The attempt to which a hook of `attempt_headers` adds headers.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AttemptInfo<'a> {
    /// The system that is called.
    pub system: System,
    /// The id of the operation in the system's description.
    pub operation: &'a str,
    /// The number of the attempt within its call, from 1.
    pub attempt: u32,
}

/// The hook of a client.
#[derive(Clone)]
pub(crate) struct AttemptHeaders(Arc<Hook>);

type Hook = dyn Fn(&AttemptInfo<'_>, &mut HeaderMap) + Send + Sync;

impl AttemptHeaders {
    pub(crate) fn new(
        hook: impl Fn(&AttemptInfo<'_>, &mut HeaderMap) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(hook))
    }

    /// Adds the headers of the hook to those of an attempt; options of the call win over them.
    ///
    /// Fails for a header that the client sets, or of which `system_headers` says that the system does.
    pub(super) fn add_to(
        &self,
        headers: &mut HeaderMap,
        attempt: &AttemptInfo<'_>,
        options: Option<&CallOptions>,
        system_headers: &dyn Fn(&HeaderName) -> bool,
    ) -> Result<(), Error> {
        let mut added = HeaderMap::new();
        // A panic of the hook must not abort a token exchange.
        let hook = AssertUnwindSafe(|| (self.0)(attempt, &mut added));
        if catch_unwind(hook).is_err() {
            return Ok(());
        }
        for name in added.keys() {
            let right = match name {
                name if name == header::ACCEPT_LANGUAGE => LANGUAGE_SETS,
                name if is_own(name, system_headers) => CLIENT_SETS,
                _ => continue,
            };
            return Err(Error::invalid(name.as_str().to_owned(), right));
        }
        for name in added.keys() {
            if options.is_some_and(|options| options.headers.contains_key(name)) {
                continue;
            }
            headers.remove(name);
            for value in added.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        Ok(())
    }
}
