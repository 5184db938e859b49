//! A signed-in user of Fynd.

use std::sync::Arc;

use super::api::{Api, types};
use super::client::Client;
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::CallOptions;
use crate::secret::Secret;
use crate::session::{Core, Session as Shared, SessionRequest};

/// A signed-in user. Cheap to clone; all clones share one set of cookies, and nobody else does.
///
/// The server decides how long the cookies are good. They cannot be renewed: when the server does
/// not accept them any more, the session has ended and every call says
/// [`ErrorKind::SignInAgain`] without asking the server again.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Shared,
}

impl Session {
    pub(super) fn new(client: &Client, core: Arc<Core>) -> Self {
        Self {
            shared: Shared::new(core, client.road.clone()),
        }
    }

    /// The id under which the session is stored: a secret.
    pub fn id(&self) -> &Secret {
        self.shared.id()
    }

    /// What all systems' sessions can do: their end, calls of the caller's own.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// A call beyond the described ones, such as `/service/application/cart/v1.0/basic`; see
    /// [`session::Session::request`](crate::session::Session::request).
    pub fn request(&self, method: http::Method, path: impl Into<String>) -> SessionRequest {
        self.shared.request(method, path)
    }

    /// The described calls, with this session.
    pub fn api(&self) -> Api {
        self.api_with(CallOptions::default())
    }

    /// The described calls, with this session and options.
    pub fn api_with(&self, options: CallOptions) -> Api {
        Api::new(self.shared.bound(options))
    }

    /// Who is signed in. Safe to repeat, and the cheapest way to learn whether a stored session
    /// still lives.
    ///
    /// Source: `GET /service/application/user/authentication/v1.0/session`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`] if the session has ended, [`ErrorKind::Undecodable`] if the
    /// answer names no user; else as any call, see [`Error`].
    pub async fn user(&self) -> Result<types::UserSchema, Error> {
        let answer = self.api().get_logged_in_user().send().await?.into_inner();
        answer.user.ok_or_else(|| {
            Error::new(ErrorKind::Undecodable, "the answer names no user")
                .at(System::Fynd, "get_logged_in_user")
        })
    }

    /// Signs out: tells the server, and forgets the cookies here whatever the server says.
    ///
    /// Source: `GET /service/application/user/authentication/v1.0/logout`.
    ///
    /// # Errors
    ///
    /// What went wrong on the way to the server; the session has ended all the same.
    pub async fn sign_out(self) -> Result<(), Error> {
        let told = self.api().logout().send().await;
        self.shared.close("the user signed out").await?;
        told.map(|_| ())
    }
}
