//! Signing in by a password or a token: one call, no code.

use super::api::types;
use super::client::Client;
use super::contact::check_filled;
use super::sign_in::{AtOnce, SignIn, Verdict};
use super::unfinished::Unfinished;
use crate::error::Error;
use crate::secret::Secret;

impl Client {
    /// Signs a user in by e-mail address and password. Sends no message. It is repeated only if
    /// the server certainly did not process it. Who has not finished a registration has to complete
    /// the profile.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/password`.
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
    /// let signed_in = client.password_sign_in("asha@example.com", "the password").await?;
    /// if let Some(session) = signed_in.signed_in() {
    ///     assert_eq!(session.user().await?.first_name.as_deref(), Some("Asha"));
    /// }
    /// # assert_eq!(mock.sessions_of(&id), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for an empty `username` or `password`, [`ErrorKind::TryLater`] if
    /// the session store fails: nothing is sent in these cases. [`ErrorKind::Refused`]: one of them
    /// is wrong. [`ErrorKind::Undecodable`]: the server agreed and gave no cookie. Else as any call,
    /// see [`Error`].
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::TryLater`]: crate::ErrorKind::TryLater
    /// [`ErrorKind::Refused`]: crate::ErrorKind::Refused
    /// [`ErrorKind::Undecodable`]: crate::ErrorKind::Undecodable
    pub async fn password_sign_in(
        &self,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Result<SignIn, Error> {
        let (username, password) = (username.into(), password.into());
        check_filled("username", &username)?;
        check_filled("password", password.expose())?;
        let begun = AtOnce::begin(self, self.platform.clone()).await?;
        let unfinished = Unfinished::begin(self);
        let body = types::PasswordLoginRequestSchema::builder()
            .username(username)
            .password(password);
        let api = unfinished.api();
        let answer = api.login_with_email_and_password().body(body).send();
        let answer = answer.await?.into_inner();
        let operation = "login_with_email_and_password";
        begun
            .end(verdict(answer), unfinished.cookies(), operation)
            .await
    }

    /// Signs a user in by a token that the seller's own system got for them. Sends no message; a
    /// token is good once. It is repeated only if the server certainly did not process it.
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
    /// # let token = mock.issue_login_token(&id);
    /// let signed_in = client.token_sign_in(token).await?;
    /// if let Some(session) = signed_in.signed_in() {
    ///     assert_eq!(session.user().await?.first_name.as_deref(), Some("Asha"));
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
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an empty `token`; else as
    /// [`password_sign_in`](Self::password_sign_in).
    pub async fn token_sign_in(&self, token: impl Into<Secret>) -> Result<SignIn, Error> {
        let token = token.into();
        check_filled("token", token.expose())?;
        let begun = AtOnce::begin(self, self.platform.clone()).await?;
        let unfinished = Unfinished::begin(self);
        let body = types::TokenRequestBodySchema::builder().token(token);
        let api = unfinished.api();
        let answer = api.login_with_token().body(body).send();
        let answer = answer.await?.into_inner();
        begun
            .end(verdict(answer), unfinished.cookies(), "login_with_token")
            .await
    }
}

fn verdict(answer: types::LoginSuccess) -> Verdict {
    Verdict {
        has_user: answer.user.is_some(),
        user_exists: None,
        register_token: answer.register_token,
    }
}
