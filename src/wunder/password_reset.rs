//! A new password by a code that is sent by e-mail.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::auth_api::types;
use super::client::Client;
use super::sign_in::not_empty;
use crate::challenge::{
    ActiveChallenge, CODE_TIME_TO_LIVE, FirstMessage, ResendTimer, SoleRecipient, Step, StepError,
    StoredChallenge, check_code, sent_code_methods,
};
use crate::email::{Email, IntoEmail};
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::password::NewPassword;
use crate::secret::Secret;
use crate::session::{Caller, run_exchange};
use crate::skewed_clock::SkewedClock;
use crate::typed_text::typed_digits;

/// The address that a reset code was requested for.
#[derive(Clone, Serialize, Deserialize)]
struct ResetRequest {
    email: Email,
}

impl Step for ResetRequest {
    const KIND: &'static str = "password_reset";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        CODE_TIME_TO_LIVE
    }
}

impl ResetRequest {
    async fn send(&self, client: &Client) -> Result<(), Error> {
        let api = client.user_api();
        let call = api.request_password_reset(self.email.as_str());
        call.send().await?;
        Ok(())
    }
}

/// A reset code was requested. It is sent if the address has an account, which the server does not
/// disclose.
///
/// The state is kept in the client's store; see [`challenge`](crate::challenge).
#[must_use = "no password is set before `set_password`"]
pub struct PendingResetCode {
    client: Client,
    challenge: ActiveChallenge<ResetRequest>,
}

opaque_debug!("wunder": PendingResetCode);

impl Client {
    /// Sends a reset code by e-mail. Signed if the client has a signature key, again for each
    /// attempt; retried only if the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let code = || mock.outbox().last_code("ada@example.org").unwrap();
    /// let reset = client.reset_password_by_code("ada@example.org").await?;
    /// let id = reset.id().clone();
    /// // Later, at any instance that shares the store:
    /// let reset = client.resume_password_reset(&id).await?;
    /// reset.set_password(code(), vestibule::NewPassword::new("a better password")).await?;
    /// let sign_in = client.sign_in_with_password("ada@example.org", "a better password").await?;
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
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) before the client's
    /// [`resend_wait`](super::ClientBuilder::resend_wait) has passed;
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the session store fails, and nothing
    /// is sent then; otherwise as any call, see [`Error`].
    pub async fn reset_password_by_code(
        &self,
        email: impl IntoEmail,
    ) -> Result<PendingResetCode, Error> {
        let email = Email::of(System::Wunder, email)?;
        // Separate from the messages of a sign-in, whose challenge stays valid.
        let to = format!("reset {}", email.destination());
        let request = ResetRequest { email };
        let first = FirstMessage::claim(self.context(), to, self.resend_wait()).await?;
        let send = async {
            request.send(self).await?;
            Ok((request, self.resend_wait()))
        };
        let challenge = first.send(send).await?;
        Ok(PendingResetCode {
            client: self.clone(),
            challenge,
        })
    }

    /// Resumes a password reset by its id, on any instance that shares the store; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if there is no such reset: start
    /// it again. [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails.
    pub async fn resume_password_reset(&self, id: &Secret) -> Result<PendingResetCode, Error> {
        let found = StoredChallenge::load(self.context(), id).await?;
        Ok(PendingResetCode {
            client: self.clone(),
            challenge: found.resume().await?,
        })
    }

    /// Sets a new password by a reset code alone, such as after the user has followed a link on
    /// another device. Sends no message. The code is sent byte for byte, and never twice. There are no
    /// tokens: sign in afterwards.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # client.reset_password_by_code("ada@example.org").await?;
    /// # let code_of_the_link = mock.outbox().last_code("ada@example.org").unwrap();
    /// client.set_password(code_of_the_link, vestibule::NewPassword::new("a better password")).await?;
    /// let sign_in = client.sign_in_with_password("ada@example.org", "a better password").await?;
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
    /// code, or an empty password; [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) for a wrong or
    /// used code, or a password that breaks the rules (`U101`); otherwise as any call, see
    /// [`Error`].
    pub async fn set_password(
        &self,
        code: impl Into<Secret>,
        password: NewPassword,
    ) -> Result<(), Error> {
        let (code, password) = (code.into(), password.into_secret());
        check_link_code(code.expose())?;
        not_empty("password", password.expose())?;
        let client = self.clone();
        let exchange = async move |_: Caller| send_password(&client, code, password).await;
        run_exchange(self.context(), exchange).await
    }
}

impl PendingResetCode {
    sent_code_methods!(|this| this.email());

    /// The id by which [`Client::resume_password_reset`] resumes it: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// The address that the code was requested for.
    pub fn email(&self) -> &Email {
        &self.challenge.step.email
    }

    /// When another message may be sent, by the client's
    /// [`resend_wait`](super::ClientBuilder::resend_wait).
    pub fn resend_timer(&self) -> &ResendTimer {
        self.challenge.timer()
    }

    /// Sends another code by e-mail; the former one becomes invalid.
    ///
    /// # Errors
    ///
    /// As [`PendingCode::resend`](super::PendingCode::resend).
    pub async fn resend(&mut self) -> Result<(), Error> {
        let (client, wait) = (&self.client, self.client.resend_wait());
        let send = async |request: &ResetRequest| Ok((request.send(client).await?, wait));
        let resent = self.challenge.resend(SoleRecipient, wait, send, |_, ()| ());
        resent.await
    }

    /// Sets the new password. The code is never sent twice. There are no tokens: sign
    /// in afterwards.
    ///
    /// The digits of a message may be typed in any script, with spaces and dashes. A code with letters,
    /// such as the UUID of a link, is sent byte for byte.
    ///
    /// Source: `POST /{tenant}/auth/set-password/{code}`.
    ///
    /// # Errors
    ///
    /// The error returns the state: [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) means
    /// a wrong or used code, or a password that breaks the rules (`U101`), which counts as a wrong
    /// code as well. Nothing is sent with
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) (`code` or `password`),
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) (five codes were wrong, or a
    /// newer reset has replaced this one) and
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) (it is finished or has expired).
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) also if nothing is sent because the session
    /// store fails or another code of this challenge is still being checked: then try again.
    pub async fn set_password(
        mut self,
        code: impl Into<Secret>,
        password: NewPassword,
    ) -> Result<(), StepError<Self>> {
        let (context, code) = (self.challenge.context(), code.into());
        let exchange = async move |_: Caller| {
            let tried = self.try_code(&code, password.into_secret()).await;
            tried.map_err(|error| StepError::new(self, error))
        };
        run_exchange(&context, exchange).await
    }

    async fn try_code(&mut self, code: &Secret, password: Secret) -> Result<(), Error> {
        not_empty("password", password.expose())?;
        let code = match typed_digits(code) {
            Some(_) => check_code(System::Wunder, code)?,
            None => {
                check_link_code(code.expose())?;
                code.clone()
            }
        };
        let client = &self.client;
        let send = async |_: &mut ResetRequest| send_password(client, code, password).await;
        self.challenge.try_code(SoleRecipient, send).await?;
        self.challenge.finish().await;
        Ok(())
    }
}

/// Checks the code of a link, which is sent byte for byte: the characters that a URL contains as they
/// are, and not only dots, which would change the path.
fn check_link_code(code: &str) -> Result<(), Error> {
    let is_literal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+=".contains(&byte);
    if code.bytes().all(is_literal) && code.bytes().any(|byte| byte != b'.') {
        return Ok(());
    }
    Err(Error::invalid("code", "must be the code of the link").of(System::Wunder))
}

async fn send_password(client: &Client, code: Secret, password: Secret) -> Result<(), Error> {
    let body = types::SetPassword::builder().password(password);
    let api = client.auth_api();
    api.set_password(code).body(body).send().await?;
    Ok(())
}
