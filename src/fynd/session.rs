//! A signed-in user of Fynd.

use super::api::{Api, types};
use super::api_error::undecodable;
use super::client::Client;
use crate::error::{Error, System};
use crate::pipeline::CallOptions;
use crate::secret::Secret;
use crate::session::{CookieJar, Session as Shared, session_methods};

/// A signed-in user. Cheap to clone: all clones share one cookie jar, which no other session uses.
///
/// The server sets the lifetime of the cookies, which cannot be refreshed. Once it has rejected
/// them, the session has ended, and every call fails with
/// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) without sending anything.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Shared,
    client: Client,
}

impl Session {
    session_methods!(client);

    /// Creates a session from existing cookies: names and values, as in a `Cookie` header. They are
    /// stored but not verified; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if there is no cookie or HTTP
    /// does not allow a name or value; [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the
    /// store fails.
    pub async fn from_cookies<N: Into<String>, V: Into<Secret>>(
        client: &Client,
        cookies: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Error> {
        let cookies = cookies.into_iter();
        let cookies = cookies.map(|(name, value)| (name.into(), value.into()));
        let jar = CookieJar::from_values(client.pipeline.base.url(), cookies.collect());
        client
            .sign_in(jar.map_err(|error| error.of(System::Fynd))?)
            .await
    }

    /// The id of the application that the user belongs to, as configured on the client.
    pub(super) fn platform(&self) -> Option<String> {
        self.client.platform.clone()
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The documented operations, with this session.
    pub fn api(&self) -> Api {
        self.api_with(CallOptions::default())
    }

    /// The documented operations, with this session and options.
    pub fn api_with(&self, options: CallOptions) -> Api {
        Api::new(self.shared.call_context(options))
    }

    /// Reads the signed-in user: the cheapest way to check whether a stored session is still valid.
    /// Idempotent; sends no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let signed_in = client.password_sign_in("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// let user = session.user().await?;
    /// assert_eq!(user.first_name.as_deref(), Some("Asha"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/authentication/v1.0/session`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if the session has ended;
    /// [`ErrorKind::Undecodable`](crate::ErrorKind::Undecodable) if the response has no user;
    /// otherwise see [`Error`].
    pub async fn user(&self) -> Result<types::UserSchema, Error> {
        let response = self.api().get_logged_in_user().send().await?.into_inner();
        let user = response.user;
        user.ok_or_else(|| undecodable("get_logged_in_user"))
    }

    /// Signs the user out: ends the session locally and in the store, then at the server. Runs to
    /// completion even if the future is dropped. Sends no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let signed_in = client.password_sign_in("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// use vestibule::ErrorKind;
    ///
    /// let session_id = session.id().clone();
    /// session.sign_out().await?;
    /// let error = client.session(&session_id).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::SignInAgain);
    /// # assert_eq!(mock.sessions_of(&id), 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/authentication/v1.0/logout`.
    ///
    /// # Errors
    ///
    /// The error of the server or the store, see [`Error`]; the session has ended in any case.
    pub async fn sign_out(self) -> Result<(), Error> {
        self.shared
            .sign_out(|final_credential| async move {
                let api = Api::new(final_credential.call_context());
                api.logout().send().await.map(|_| ())
            })
            .await
    }
}
