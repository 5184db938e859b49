//! The calls of a sign-in under way: nobody else's requests carry its cookies.

use std::sync::Arc;

use super::api::Api;
use super::client::Client;
use super::session::Session;
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::CallContext;
use crate::session::{CookieJar, JarCredential};

/// One call, and the cookies with which it came back.
pub(super) struct Unfinished {
    cookies: Arc<JarCredential>,
    context: CallContext,
}

impl Unfinished {
    pub(super) fn new(client: &Client, jar: &CookieJar) -> Self {
        let time = client.pipeline.time.clone();
        let cookies = Arc::new(JarCredential::new(jar.clone(), time));
        let context = CallContext::new(client.pipeline.clone()).with_credential(cookies.clone());
        Self { cookies, context }
    }

    /// With no cookie yet.
    pub(super) fn begin(client: &Client) -> Self {
        Self::new(client, &CookieJar::new(client.pipeline.base.url()))
    }

    pub(super) fn api(&self) -> Api {
        Api::new(self.context.clone())
    }

    pub(super) fn cookies(&self) -> CookieJar {
        self.cookies.jar()
    }
}

/// The session, after `operation` succeeded: the cookies are all that says so.
pub(super) async fn finish(
    client: &Client,
    cookies: &CookieJar,
    operation: &'static str,
) -> Result<Session, Error> {
    if cookies.is_empty() {
        let message = "the sign-in succeeded but brought no cookie";
        return Err(Error::new(ErrorKind::Undecodable, message).at(System::Fynd, operation));
    }
    client.sign_in(cookies.clone()).await
}
