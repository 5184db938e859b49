//! A new password by a code that is sent by e-mail.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::auth_api::types;
use super::client::Client;
use super::contact::{Contact, check_email};
use super::sign_in::not_empty;
use crate::challenge::{
    ActiveChallenge, CODE_TIME_TO_LIVE, ResendTimer, Step, StepError, StoredChallenge, check_code,
};
use crate::error::{Error, System};
use crate::secret::Secret;
use crate::skewed_clock::SkewedClock;

/// The address that a reset code was asked for.
#[derive(Clone, Serialize, Deserialize)]
struct ResetRequest {
    email: String,
}

impl Step for ResetRequest {
    const KIND: &'static str = "password_reset";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        CODE_TIME_TO_LIVE
    }
}

impl ResetRequest {
    async fn send(self, client: Client) -> Result<(), Error> {
        let api = client.user_api();
        api.request_password_reset(self.email).send().await?;
        Ok(())
    }
}

/// A reset code was asked for. If the address has an account, the code is on its way there; the
/// server does not tell, and nobody should.
///
/// It is kept in the client's store; see [`challenge`](crate::challenge) for what that gives.
pub struct PasswordReset {
    client: Client,
    open: ActiveChallenge<ResetRequest>,
}

impl fmt::Debug for PasswordReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wunder::PasswordReset")
    }
}

impl Client {
    /// Sends a reset code by e-mail. Signed if the client has a signature key, anew for each
    /// attempt; repeated only if the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let code = || mock.outbox().last_code("ada@example.org").unwrap();
    /// let reset = client.request_password_reset("ada@example.org").await?;
    /// let id = reset.id().clone();
    /// // Later, at any instance that shares the store:
    /// let reset = client.password_reset(&id).await?;
    /// reset.set_password(code(), "a better password").await?;
    /// let sign_in = client.password_sign_in("ada@example.org", "a better password").await?;
    /// # assert!(matches!(sign_in, vestibule::wunder::SignIn::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/front/customers/reset/{email}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for what is no e-mail address;
    /// [`ErrorKind::SlowDown`](crate::ErrorKind::SlowDown) before the client's
    /// [`resend_wait`](super::ClientBuilder::resend_wait) has passed;
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the session store fails, and nothing
    /// is sent then; else as any call, see [`Error`].
    pub async fn request_password_reset(
        &self,
        email: impl Into<String>,
    ) -> Result<PasswordReset, Error> {
        let email = email.into();
        check_email(&email)?;
        // Apart from the messages of a sign-in, whose challenge stays good.
        let to = Contact::Email(email.clone()).destination();
        let to = format!("reset {to}");
        let client = self.clone();
        let step = ResetRequest { email };
        let send = |request: ResetRequest| request.send(client);
        let open =
            ActiveChallenge::by_message(&self.context, to, self.resend_wait, step, send).await?;
        Ok(PasswordReset {
            client: self.clone(),
            open,
        })
    }

    /// Takes up a password reset by its id, on any instance that shares the store; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such reset: start it
    /// anew. [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    pub async fn password_reset(&self, id: &Secret) -> Result<PasswordReset, Error> {
        let found = StoredChallenge::by_id(&self.context, id).await?;
        Ok(PasswordReset {
            client: self.clone(),
            open: found.open().await?,
        })
    }

    /// Sets a new password by a reset code, where nothing else is left of the reset: the user has
    /// followed a link on another device. Sends no message. The code is sent once, whatever
    /// happens. There are no tokens: sign in afterwards.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # client.request_password_reset("ada@example.org").await?;
    /// # let code_of_the_link = mock.outbox().last_code("ada@example.org").unwrap();
    /// client.set_password(code_of_the_link, "a better password").await?;
    /// let sign_in = client.password_sign_in("ada@example.org", "a better password").await?;
    /// # assert!(matches!(sign_in, vestibule::wunder::SignIn::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/set-password/{code}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for what does not look like a
    /// code, or an empty password; [`ErrorKind::Refused`](crate::ErrorKind::Refused) for a wrong or
    /// used code, or a password that breaks the rules (`U101`); else as any call, see [`Error`].
    pub async fn set_password(
        &self,
        code: impl Into<Secret>,
        password: impl Into<Secret>,
    ) -> Result<(), Error> {
        let (code, password) = (code.into(), password.into());
        let code = check_code("code", &code).map_err(|error| error.of(System::Wunder))?;
        not_empty("password", password.expose())?;
        send_password(self.clone(), code, password).await
    }
}

impl PasswordReset {
    /// The id under which [`Client::password_reset`] takes it up: a secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
    }

    /// The address that the code was asked for.
    pub fn email(&self) -> &str {
        &self.open.step.email
    }

    /// When another message may be sent, by the client's
    /// [`resend_wait`](super::ClientBuilder::resend_wait).
    pub fn resend_timer(&self) -> &ResendTimer {
        self.open.timer()
    }

    /// Sends another code by e-mail; the former one is void.
    ///
    /// # Errors
    ///
    /// As [`PendingCode::resend`](super::PendingCode::resend).
    pub async fn resend(&mut self) -> Result<(), Error> {
        let client = self.client.clone();
        let send = |request: ResetRequest| request.send(client);
        self.open.send_again(self.client.resend_wait, send).await
    }

    /// Sets the new password. The code is sent once, whatever happens. There are no tokens: sign
    /// in afterwards.
    ///
    /// Source: `POST /{tenant}/auth/set-password/{code}`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error: [`ErrorKind::Refused`](crate::ErrorKind::Refused) means
    /// a wrong or used code, or a password that breaks the rules (`U101`), which counts as a wrong
    /// code as well. Nothing is sent with
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) (`code` or `password`),
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) (five codes were wrong, or a
    /// newer reset has replaced this one) and
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) (it is finished or has expired).
    pub async fn set_password(
        mut self,
        code: impl Into<Secret>,
        password: impl Into<Secret>,
    ) -> Result<(), StepError<Self>> {
        match self.try_code(&code.into(), password.into()).await {
            Ok(()) => Ok(()),
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn try_code(&mut self, code: &Secret, password: Secret) -> Result<(), Error> {
        not_empty("password", password.expose())?;
        let client = self.client.clone();
        let send = |_, code| send_password(client, code, password);
        self.open.try_code(code, send).await?;
        self.open.finish().await;
        Ok(())
    }
}

async fn send_password(client: Client, code: Secret, password: Secret) -> Result<(), Error> {
    let body = types::SetPassword::builder().password(password);
    let api = client.auth_api();
    api.set_password(code).body(body).send().await?;
    Ok(())
}
