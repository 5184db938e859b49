//! A signed-in user of Fynd.

use std::sync::Arc;

use super::api::{Api, types};
use super::api_error::invalid_response;
use super::client::Parts;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;
use crate::session::{
    Credential, Session as Shared, SessionContext, SignOutOrder, impl_sign_out, session_methods,
};

/// A signed-in user. Cheap to clone: all clones share one cookie jar, which no other session uses.
///
/// The server sets the lifetime of the cookies, which cannot be refreshed. Once it has rejected
/// them, the session has ended, and every call fails with
/// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) without sending anything.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Shared,
    parts: Arc<Parts>,
}

impl_sign_out!();

impl Session {
    session_methods!(parts);

    /// Ends the session here and returns its cookies, names and values as
    /// [`Client::resume_with_cookies`](super::Client::resume_with_cookies) takes them, to be used without
    /// this crate. It sends nothing: the session at the server goes on with these cookies. Otherwise as
    /// [`session::Session::export_tokens`](crate::session::Session::export_tokens).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has ended;
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails: the session goes on.
    pub async fn export_cookies(self) -> Result<Vec<(String, Secret)>, Error> {
        match self.shared.export().await? {
            Credential::Cookies(jar) => {
                Ok(jar.into_values(self.client().calls.pipeline().time.now()))
            }
            Credential::Tokens(_) => {
                let message = "a session of tokens has no cookies";
                Err(Error::new(ErrorKind::Unsupported, message).of(System::Fynd))
            }
        }
    }

    pub(super) fn context(&self) -> &Arc<SessionContext> {
        &self.parts.context
    }

    /// The id of the application that the user belongs to, as configured on the client.
    pub(super) fn platform(&self) -> Option<String> {
        self.parts.platform.clone()
    }

    /// The documented operations, with this session.
    pub fn api(&self) -> Api {
        Api::new(self.shared.calls())
    }

    /// Reads the signed-in user: the cheapest way to check whether a stored session is still valid.
    /// Idempotent; sends no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// let user = session.profile().await?;
    /// assert_eq!(user.first_name.as_deref(), Some("Asha"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/authentication/v1.0/session`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has ended;
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response has no user;
    /// otherwise see [`Error`].
    pub async fn profile(&self) -> Result<types::UserSchema, Error> {
        let response = self.api().get_logged_in_user().send().await?.into_inner();
        let user = response.user;
        user.ok_or_else(|| invalid_response("get_logged_in_user"))
    }

    /// Signs the user out: ends the session at the server, then locally and in the store. Runs to
    /// completion even if the future is dropped. Sends no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// use vestibule::ErrorKind;
    ///
    /// let session_id = session.id().clone();
    /// session.sign_out().await?;
    /// let error = client.resume_session(&session_id).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    /// # assert_eq!(mock.sessions_of(&id), 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/authentication/v1.0/logout`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for options that are not valid, and
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the server responds that it did not end the
    /// session: it has not ended then. Otherwise the error of the server or the store, see [`Error`]; the
    /// session has ended locally then.
    pub async fn sign_out(self) -> Result<(), Error> {
        self.shared
            .sign_out(SignOutOrder::TellFirst, |final_credential| async move {
                let api = Api::new(final_credential.call_context());
                api.logout().send().await.map(|_| ())
            })
            .await
    }
}
