//! A forgotten password: a code authenticates the user, who sets a new password.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::api::types;
use super::client::Client;
use super::codes::Route;
use super::contact::check_filled;
use super::partial_session::PartialSession;
use super::sent_code::{self, Purpose, SentCode};
use super::session::Session;
use super::user_status::is_signed_in;
use crate::challenge::{
    ActiveChallenge, CODE_TIME_TO_LIVE, ResendTimer, SoleRecipient, Step, StepError, check_code,
    sent_code_methods,
};
use crate::contact::Contact;
use crate::error::{Error, ErrorKind, System};
use crate::opaque_debug::opaque_debug;
use crate::password::NewPassword;
use crate::secret::Secret;
use crate::session::{Caller, CookieJar, run_exchange};
use crate::skewed_clock::SkewedClock;

/// A password reset by a code, before anything was sent.
#[derive(Clone)]
#[must_use = "no code is sent before `send`"]
pub struct ResetPasswordByCode {
    client: Client,
    route: Route,
}

/// A code was sent to a user who forgot the password.
///
/// Only the newest code is valid. The state is kept in the client's store; see
/// [`challenge`](crate::challenge).
#[must_use = "no password is set before the code is confirmed"]
pub struct PendingResetCode {
    client: Client,
    challenge: ActiveChallenge<SentCode>,
}

/// The state in the store of a user who may set a new password.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PasswordToken {
    cookies: CookieJar,
    forgot_token: Secret,
}

impl Step for PasswordToken {
    const KIND: &'static str = "new_password";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        CODE_TIME_TO_LIVE
    }

    fn messages(&self) -> usize {
        0
    }
}

/// The code was correct: the user may set a new password, once.
///
/// The client's store keeps it for 15 minutes; see [`challenge`](crate::challenge).
#[must_use = "the password is unchanged before `set_password`"]
pub struct PasswordReset {
    client: Client,
    challenge: ActiveChallenge<PasswordToken>,
}

opaque_debug!("fynd": ResetPasswordByCode, PendingResetCode, PasswordReset);

impl Client {
    /// Starts setting a new password for a user who forgot the old one, by a code that is sent to a
    /// contact of theirs.
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
    /// # let code = || mock.outbox().last_code("+919000000001").unwrap();
    /// use vestibule::Phone;
    ///
    /// let phone = Phone::parse("+91 90000 00001")?;
    /// let pending = client.reset_password_by_code(&phone).send().await?;
    /// let new_password = pending.confirm(code()).await?;
    /// new_password.set_password(vestibule::NewPassword::new("the new password")).await?;
    /// let signed_in = client.sign_in_with_password("asha@example.com", "the new password").await?;
    /// # assert!(signed_in.signed_in().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset_password_by_code(&self, contact: impl Into<Contact>) -> ResetPasswordByCode {
        ResetPasswordByCode {
            client: self.clone(),
            route: Route::to(contact.into(), self.platform()),
        }
    }
}

impl ResetPasswordByCode {
    /// The id of the application that the user belongs to. The server uses `Fynd` by default.
    pub fn platform(mut self, id: impl Into<String>) -> Self {
        self.route.platform = Some(id.into());
        self
    }

    /// Sends the code. It is retried only if the server certainly did not process it. Earlier
    /// challenges for this contact become invalid.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/forgot/mobile/send` or
    /// `…/otp/forgot/email/send`.
    ///
    /// # Errors
    ///
    /// As [`OtpSignIn::send`](super::OtpSignIn::send); [`ErrorKind::Rejected`] if the
    /// server knows no user with this contact.
    pub async fn send(self) -> Result<PendingResetCode, Error> {
        let client = self.client;
        let challenge = sent_code::send(&client, None, Purpose::PasswordReset, self.route, None);
        let challenge = challenge.await?;
        Ok(PendingResetCode::resumed(client, challenge))
    }
}

impl PendingResetCode {
    sent_code_methods!(|this| this.contact());

    pub(super) fn resumed(client: Client, challenge: ActiveChallenge<SentCode>) -> Self {
        Self { client, challenge }
    }

    /// The id by which [`Client::resume_challenge`] resumes it: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// The contact that the code was sent to.
    pub fn contact(&self) -> &Contact {
        &self.challenge.step.route.contact
    }

    /// When another message may be sent.
    pub fn resend_timer(&self) -> &ResendTimer {
        self.challenge.timer()
    }

    /// Sends another code; the former one becomes invalid, and the timer starts again.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/forgot/mobile/send` or
    /// `…/otp/forgot/email/send`.
    ///
    /// # Errors
    ///
    /// As [`PendingCode::resend`](super::PendingCode::resend).
    pub async fn resend(&mut self) -> Result<(), Error> {
        sent_code::resend(&self.client, None, &mut self.challenge, None).await
    }

    /// Confirms the code. It is never sent twice. The new password continues under the
    /// same [`id`](Self::id).
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/forgot/mobile/verify` or
    /// `…/otp/forgot/email/verify`.
    ///
    /// # Errors
    ///
    /// The error returns the state, as of
    /// [`PendingCode::confirm`](super::PendingCode::confirm); [`ErrorKind::InvalidResponse`] if the
    /// server accepted it and returned no token.
    pub async fn confirm(self, code: impl Into<Secret>) -> Result<PasswordReset, StepError<Self>> {
        let (context, code) = (self.challenge.context(), code.into());
        let exchange = async move |_: Caller| self.confirm_for(code).await;
        run_exchange(&context, exchange).await
    }

    async fn confirm_for(mut self, code: Secret) -> Result<PasswordReset, StepError<Self>> {
        match self.try_code(code).await {
            Ok(forgot_token) => {
                let step = PasswordToken {
                    cookies: self.challenge.step.cookies.clone(),
                    forgot_token,
                };
                let challenge = self.challenge.advance(step).await;
                Ok(PasswordReset::resumed(self.client, challenge))
            }
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn try_code(&mut self, code: Secret) -> Result<Secret, Error> {
        let code = check_code(System::Fynd, &code)?;
        let client = &self.client;
        let send = async |step: &mut SentCode| {
            let partial = PartialSession::new(client, &step.cookies);
            let verify = step.route.verify_forgotten(&partial, &step.keys, code);
            let verified = verify.await;
            step.cookies = partial.cookies();
            verified
        };
        let token = self.challenge.try_code(SoleRecipient, send).await?;
        token.ok_or_else(|| {
            let operation = match self.contact() {
                Contact::Phone(_) => "verify_mobile_forgot_otp",
                Contact::Email(_) => "verify_email_forgot_otp",
            };
            let message =
                "the code was correct, but the response has no token to set a password with";
            Error::new(ErrorKind::InvalidResponse, message)
                .with_status(http::StatusCode::OK)
                .at(System::Fynd, operation)
        })
    }
}

impl PasswordReset {
    pub(super) fn resumed(client: Client, challenge: ActiveChallenge<PasswordToken>) -> Self {
        Self { client, challenge }
    }

    /// The id by which [`Client::resume_challenge`] resumes it: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// Sets the password, and returns the session if the server signs the user in: its page does not say
    /// so, but a cookie that comes along may be that of a session. Sends no message. It is not retried
    /// unless the server certainly did not process it.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/password/forgot`, and with a
    /// cookie `GET /service/application/user/authentication/v1.0/session`.
    ///
    /// # Errors
    ///
    /// The error returns the state. Nothing was sent with [`ErrorKind::InvalidInput`] (the
    /// `password` is empty) and [`ErrorKind::Unauthenticated`] (it is finished or has expired).
    /// [`ErrorKind::Rejected`]: the server does not accept the password, or the token has expired.
    pub async fn set_password(
        self,
        password: NewPassword,
    ) -> Result<Option<Session>, StepError<Self>> {
        let context = self.challenge.context();
        let exchange = async move |caller: Caller| self.set_for(&caller, password).await;
        run_exchange(&context, exchange).await
    }

    async fn set_for(
        mut self,
        caller: &Caller,
        password: NewPassword,
    ) -> Result<Option<Session>, StepError<Self>> {
        let partial = match self.try_password(password.into_secret()).await {
            Ok(partial) => partial,
            Err(error) => return Err(StepError::new(self, error)),
        };
        self.challenge.finish().await;
        // The password is set, whatever the server says about the cookies.
        let cookies = partial.cookies();
        let has_new_cookies = cookies != self.challenge.step.cookies;
        if has_new_cookies && matches!(is_signed_in(&partial).await, Ok(true)) {
            let session = self.client.sign_in(partial.cookies()).await.ok();
            if let Some(session) = &session {
                caller.granted(session);
            }
            return Ok(session);
        }
        Ok(None)
    }

    async fn try_password(&mut self, password: Secret) -> Result<PartialSession, Error> {
        check_filled("password", password.expose())?;
        self.challenge.check().await?;
        let step = &self.challenge.step;
        let partial = PartialSession::new(&self.client, &step.cookies);
        let body = types::ForgotPasswordRequestSchema::builder()
            .code(step.forgot_token.clone())
            .password(password);
        let api = partial.api();
        api.reset_forgot_password().body(body).send().await?;
        Ok(partial)
    }
}
