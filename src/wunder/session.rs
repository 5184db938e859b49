//! A signed-in user of Wunder Mobility.

use super::auth_api::{AuthApi, types as auth};
use super::user_api::{UserApi, types as user};
use crate::error::Error;
use crate::pipeline::CallOptions;
use crate::session::{Session as Shared, token_session_methods};

/// A signed-in user. Cheap to clone; all clones share one credential and one refresh.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Shared,
}

impl Session {
    token_session_methods!();

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
