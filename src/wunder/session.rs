//! A signed-in user of Wunder Mobility.

use std::sync::Arc;

use super::auth_api::{AuthApi, types as auth};
use super::client::Client;
use super::user_api::{UserApi, types as user};
use crate::error::Error;
use crate::pipeline::CallOptions;
use crate::secret::Secret;
use crate::session::{Core, Session as Shared, SessionRequest, Tokens};

/// A signed-in user. Cheap to clone; all clones share one credential and one refresh.
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

    /// A session of tokens that were got elsewhere. They are stored, not checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    pub async fn from_tokens(client: &Client, tokens: Tokens) -> Result<Self, Error> {
        client.sign_in(tokens).await
    }

    /// The id under which the session is stored: a secret.
    pub fn id(&self) -> &Secret {
        self.shared.id()
    }

    /// What all systems' sessions can do: a fresh access token, calls of the caller's own.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// An access token that is good for now; see
    /// [`session::Session::access_token`](crate::session::Session::access_token).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn access_token(&self) -> Result<Secret, Error> {
        self.shared.access_token().await
    }

    /// A call beyond the described ones, such as `/front/rentals`; see
    /// [`session::Session::request`](crate::session::Session::request).
    pub fn request(&self, method: http::Method, path: impl Into<String>) -> SessionRequest {
        self.shared.request(method, path)
    }

    /// The calls of the Authentication API, with this session.
    pub fn auth_api(&self) -> AuthApi {
        self.auth_api_with(CallOptions::default())
    }

    /// The calls of the User API, with this session.
    pub fn user_api(&self) -> UserApi {
        self.user_api_with(CallOptions::default())
    }

    /// The calls of the Authentication API, with this session and options.
    pub fn auth_api_with(&self, options: CallOptions) -> AuthApi {
        AuthApi::new(self.shared.bound(options))
    }

    /// The calls of the User API, with this session and options.
    pub fn user_api_with(&self, options: CallOptions) -> UserApi {
        UserApi::new(self.shared.bound(options))
    }

    /// The profile of the user. Safe to repeat.
    ///
    /// Source: `GET /{tenant}/front/customers`.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn profile(&self) -> Result<user::Customer, Error> {
        let api = self.user_api();
        Ok(api.get_customer().send().await?.into_inner())
    }

    /// Signs out: tells the server, and ends the session here whatever the server says.
    ///
    /// Source: `POST /{tenant}/auth/logout`.
    ///
    /// # Errors
    ///
    /// What went wrong on the way to the server; the session has ended all the same.
    pub async fn sign_out(self) -> Result<(), Error> {
        let refresh = self.shared.refresh_token();
        let api = self.auth_api();
        let told = api
            .logout()
            .body(auth::LogoutRequest::builder().refresh_token(refresh))
            .send()
            .await;
        self.shared.close("the user signed out").await?;
        told.map(|_| ())
    }
}
