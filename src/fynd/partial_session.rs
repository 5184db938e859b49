//! The calls of an unfinished sign-in: no other requests carry its cookies.

use std::sync::Arc;

use super::api::Api;
use super::client::Client;
use super::session::Session;
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::CallContext;
use crate::session::{CookieJar, JarCredential};

/// A call of an unfinished sign-in, with the cookies of its response.
pub(super) struct PartialSession {
    cookies: Arc<JarCredential>,
    context: CallContext,
}

impl PartialSession {
    pub(super) fn new(client: &Client, jar: &CookieJar) -> Self {
        let time = client.calls.pipeline().time.clone();
        let cookies = Arc::new(JarCredential::new(jar.clone(), time));
        let context = client.calls.clone().with_credential(cookies.clone());
        Self { cookies, context }
    }

    /// Starts without a cookie.
    pub(super) fn begin(client: &Client) -> Self {
        Self::new(client, &CookieJar::new(client.calls.pipeline().base.url()))
    }

    pub(super) fn api(&self) -> Api {
        Api::new(self.context.clone())
    }

    pub(super) fn cookies(&self) -> CookieJar {
        self.cookies.jar()
    }
}

/// Creates the session after `operation` succeeded. Its only evidence are the cookies.
pub(super) async fn finish(
    client: &Client,
    cookies: &CookieJar,
    operation: &'static str,
) -> Result<Session, Error> {
    if cookies.is_empty() {
        let message = "the sign-in succeeded but returned no cookie";
        return Err(Error::new(ErrorKind::InvalidResponse, message).at(System::Fynd, operation));
    }
    client.sign_in(cookies.clone()).await
}
