//! Sign-in by a password, a token or a third party: a single call, without a code.

use std::sync::Arc;
use std::time::Duration;

use super::api::{Api, types};
use super::client::Client;
use super::complete_profile::{CompleteProfile, NewUser};
use super::contact::check_filled;
use super::partial_session::PartialSession;
use super::sign_in::SignIn;
use super::user_status::{UserStatus, finish};
use crate::challenge::FirstMessage;
use crate::error::Error;
use crate::secret::Secret;
use crate::session::{Caller, CookieJar, run_exchange};

/// A sign-in by a single call.
pub(super) struct DirectSignIn {
    client: Client,
    first: FirstMessage,
    platform: Option<String>,
}

impl DirectSignIn {
    /// Fails before anything is sent if the store fails: there would be no session and no next
    /// step.
    pub(super) async fn begin(client: &Client, platform: Option<String>) -> Result<Self, Error> {
        let first = FirstMessage::without_destination(client.context())?;
        first.check_store().await?;
        Ok(Self {
            client: client.clone(),
            first,
            platform,
        })
    }

    /// Sends the credential by `send` in a task that the caller cannot drop, and ends the sign-in after
    /// `operation` succeeded.
    pub(super) async fn exchange<F>(
        self,
        operation: &'static str,
        send: impl FnOnce(Api) -> F + Send + 'static,
    ) -> Result<SignIn, Error>
    where
        F: Future<Output = Result<UserStatus, Error>> + Send + 'static,
    {
        let context = Arc::clone(self.client.context());
        let exchange = async move |caller: Caller| {
            let partial = PartialSession::begin(&self.client);
            let user = send(partial.api()).await?;
            self.end(&caller, user, partial.cookies(), operation).await
        };
        run_exchange(&context, exchange).await
    }

    async fn end(
        self,
        caller: &Caller,
        user: UserStatus,
        cookies: CookieJar,
        operation: &'static str,
    ) -> Result<SignIn, Error> {
        let Some(register_token) = user.registration(None) else {
            let session = finish(&self.client, user.names_user, &cookies, operation).await?;
            caller.granted(&session);
            return Ok(SignIn::SignedIn(session));
        };
        let step = NewUser::new(self.platform, cookies, register_token, None);
        let challenge = self.first.open(step, Duration::ZERO).await;
        let profile = CompleteProfile::resumed(self.client, challenge);
        Ok(SignIn::ProfileRequired(profile))
    }
}

impl Client {
    /// Signs a user in by e-mail address and password. Sends no message. It is retried only if
    /// the server certainly did not process it. A user who has not finished a registration has to
    /// complete the profile.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/password`.
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
    /// let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// if let Some(session) = signed_in.signed_in() {
    ///     assert_eq!(session.profile().await?.first_name.as_deref(), Some("Asha"));
    /// }
    /// # assert_eq!(mock.sessions_of(&id), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for an empty `username` or `password`, [`ErrorKind::Unavailable`]
    /// if the session store fails: nothing is sent in these cases. [`ErrorKind::Rejected`]: one of
    /// them is wrong. [`ErrorKind::InvalidResponse`]: the server accepted them, and named no user or
    /// returned no cookie.
    /// Otherwise as any call, see [`Error`].
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
    /// [`ErrorKind::Rejected`]: crate::ErrorKind::Rejected
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    pub async fn sign_in_with_password(
        &self,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Result<SignIn, Error> {
        let (username, password) = (username.into(), password.into());
        check_filled("username", &username)?;
        check_filled("password", password.expose())?;
        let direct = DirectSignIn::begin(self, self.platform()).await?;
        let body = types::PasswordLoginRequestSchema::builder()
            .username(username)
            .password(password);
        let send = async move |api: Api| {
            let response = api.login_with_email_and_password().body(body).send();
            Ok(user_status(response.await?.into_inner()))
        };
        direct.exchange("login_with_email_and_password", send).await
    }

    /// Signs a user in by a token that the seller's own system obtained for the user. Sends no
    /// message; a token is valid once. It is retried only if the server certainly did not process
    /// it.
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
    /// # let token = mock.issue_login_token(&id);
    /// let signed_in = client.sign_in_with_token(token).await?;
    /// if let Some(session) = signed_in.signed_in() {
    ///     assert_eq!(session.profile().await?.first_name.as_deref(), Some("Asha"));
    /// }
    /// # assert_eq!(mock.sessions_of(&id), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/token`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an empty `token`; otherwise
    /// as [`sign_in_with_password`](Self::sign_in_with_password).
    pub async fn sign_in_with_token(&self, token: impl Into<Secret>) -> Result<SignIn, Error> {
        let token = token.into();
        check_filled("token", token.expose())?;
        let direct = DirectSignIn::begin(self, self.platform()).await?;
        let body = types::TokenRequestBodySchema::builder().token(token);
        let send = async move |api: Api| {
            let response = api.login_with_token().body(body).send();
            Ok(user_status(response.await?.into_inner()))
        };
        direct.exchange("login_with_token", send).await
    }
}

fn user_status(response: types::LoginSuccess) -> UserStatus {
    UserStatus::new(response.user.as_ref(), None, response.register_token)
}
