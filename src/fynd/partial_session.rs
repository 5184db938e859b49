//! The calls of an unfinished sign-in, whose cookies no other requests carry, and those of a session.

use std::sync::Arc;

use super::api::Api;
use super::client::Client;
use super::session::Session;
use crate::pipeline::CallContext;
use crate::session::{CookieJar, JarCredential};

/// Calls with the cookies of an unfinished sign-in, or of a session.
pub(super) struct PartialSession {
    /// The cookies of an unfinished sign-in; a session keeps its own.
    cookies: Option<Arc<JarCredential>>,
    context: CallContext,
}

impl PartialSession {
    pub(super) fn new(client: &Client, jar: &CookieJar) -> Self {
        let time = client.calls.pipeline().time.clone();
        let cookies = Arc::new(JarCredential::new(jar.clone(), time));
        let context = client.calls.clone().with_credential(cookies.clone());
        Self {
            cookies: Some(cookies),
            context,
        }
    }

    /// Starts without a cookie.
    pub(super) fn begin(client: &Client) -> Self {
        Self::new(client, &no_cookies(&client.calls))
    }

    pub(super) fn of_session(session: &Session) -> Self {
        Self {
            cookies: None,
            context: session.shared().calls(),
        }
    }

    pub(super) fn api(&self) -> Api {
        Api::new(self.context.clone())
    }

    /// The cookies of the unfinished sign-in; none of a session.
    pub(super) fn cookies(&self) -> CookieJar {
        match &self.cookies {
            Some(cookies) => cookies.jar(),
            None => no_cookies(&self.context),
        }
    }
}

fn no_cookies(calls: &CallContext) -> CookieJar {
    CookieJar::new(calls.pipeline().base.url())
}
