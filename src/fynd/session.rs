//! A signed-in user of Fynd.

use super::api::{Api, types};
use super::client::Client;
use crate::client_config::of_system;
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::CallOptions;
use crate::secret::Secret;
use crate::session::CookieJar;
use crate::session::{Session as Shared, session_methods};

/// A signed-in user. Cheap to clone; all clones share one set of cookies, and nobody else does.
///
/// The server decides how long the cookies are good. They cannot be renewed: when the server does
/// not accept them any more, the session has ended and every call says
/// [`ErrorKind::SignInAgain`] without asking the server again.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Shared,
    client: Client,
}

impl Session {
    session_methods!(client);

    /// A session of cookies that were got elsewhere: names and values, as a `Cookie` header would
    /// carry them. They are stored, not checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for no cookie and for names or values that HTTP does not allow,
    /// [`ErrorKind::TryLater`] if the store fails.
    pub async fn from_cookies<N: Into<String>, V: Into<Secret>>(
        client: &Client,
        cookies: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Error> {
        let cookies = cookies.into_iter();
        let cookies = cookies.map(|(name, value)| (name.into(), value.into()));
        let jar = CookieJar::from_values(client.pipeline.base.url(), cookies.collect());
        client.sign_in(of_system(System::Fynd, jar)?).await
    }

    /// The id of the application that the user belongs to, as the client has it.
    pub(super) fn platform(&self) -> Option<String> {
        self.client.platform.clone()
    }

    /// The client of the application that the user belongs to.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The described calls, with this session.
    pub fn api(&self) -> Api {
        self.api_with(CallOptions::default())
    }

    /// The described calls, with this session and options.
    pub fn api_with(&self, options: CallOptions) -> Api {
        Api::new(self.shared.call_context(options))
    }

    /// Who is signed in. Safe to repeat, and the cheapest way to learn whether a stored session
    /// still lives.
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
    /// [`ErrorKind::SignInAgain`] if the session has ended, [`ErrorKind::Undecodable`] if the
    /// answer names no user; else as any call, see [`Error`].
    pub async fn user(&self) -> Result<types::UserSchema, Error> {
        let answer = self.api().get_logged_in_user().send().await?.into_inner();
        answer.user.ok_or_else(|| {
            Error::new(ErrorKind::Undecodable, "the answer names no user")
                .at(System::Fynd, "get_logged_in_user")
        })
    }

    /// Signs out: ends the session here and in the store, and then tells the server. A call that is
    /// dropped is finished all the same.
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
    /// What went wrong on the way to the server or to the store; the session has ended all the
    /// same.
    pub async fn sign_out(self) -> Result<(), Error> {
        self.shared
            .sign_out(|final_credential| async move {
                let api = Api::new(final_credential.call_context());
                api.logout().send().await.map(|_| ())
            })
            .await
    }
}
