//! A forgotten password: a code proves who the user is, and a new password is set.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::api::types;
use super::client::Client;
use super::codes::Route;
use super::contact::{Contact, check_filled};
use super::opaque::opaque;
use super::sent_code::{self, Aim, SentCode};
use super::unfinished::Unfinished;
use crate::challenge::{
    ActiveChallenge, CODE_TIME_TO_LIVE, ResendTimer, Step, StepError, check_code,
};
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;
use crate::session::CookieJar;
use crate::skewed_clock::SkewedClock;

/// A user who forgot the password, before anything was sent.
#[derive(Clone)]
#[must_use = "no code is sent before `send_code`"]
pub struct ForgottenPassword {
    client: Client,
    route: Route,
}

/// A code is on its way to a user who forgot the password.
///
/// Only the newest code counts. The state is kept in the client's store; see
/// [`challenge`](crate::challenge).
pub struct PasswordCode {
    client: Client,
    open: ActiveChallenge<SentCode>,
}

/// What the store keeps of a user who may set a new password.
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
}

/// The code was right: the user may set a new password, once.
///
/// The client's store keeps it for 15 minutes; see [`challenge`](crate::challenge).
#[must_use = "the password is the old one before `set`"]
pub struct NewPassword {
    client: Client,
    open: ActiveChallenge<PasswordToken>,
}

opaque!(ForgottenPassword, PasswordCode, NewPassword);

impl Client {
    /// Starts setting a new password for a user who forgot the old one, by a code that is sent to a
    /// contact of theirs: [`Contact::mobile`] or [`Contact::email`].
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
    /// # let code = || mock.outbox().last_code("+919000000001").unwrap();
    /// use vestibule::fynd::Contact;
    ///
    /// let mobile = Contact::mobile("9000000001", "+91");
    /// let pending = client.forgotten_password(mobile).send_code().await?;
    /// let new_password = pending.confirm(code()).await?;
    /// new_password.set("the new password").await?;
    /// let signed_in = client.password_sign_in("asha@example.com", "the new password").await?;
    /// # assert!(signed_in.signed_in().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn forgotten_password(&self, contact: Contact) -> ForgottenPassword {
        ForgottenPassword {
            client: self.clone(),
            route: Route::to(contact, self.platform.clone()),
        }
    }
}

impl ForgottenPassword {
    /// The id of the application that the user belongs to; the server takes `Fynd` without it.
    pub fn platform(mut self, id: impl Into<String>) -> Self {
        self.route.platform = Some(id.into());
        self
    }

    /// Sends the code. It is repeated only if the server certainly did not process it. Earlier
    /// challenges for this contact are void then.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/forgot/mobile/send` or
    /// `…/otp/forgot/email/send`.
    ///
    /// # Errors
    ///
    /// As [`OtpSignIn::send_code`](super::OtpSignIn::send_code); [`ErrorKind::Refused`] if the
    /// server knows nobody with this contact.
    pub async fn send_code(self) -> Result<PasswordCode, Error> {
        let open = sent_code::send(&self.client, Aim::NewPassword, self.route).await?;
        Ok(PasswordCode::resumed(self.client, open))
    }
}

impl PasswordCode {
    pub(super) fn resumed(client: Client, open: ActiveChallenge<SentCode>) -> Self {
        Self { client, open }
    }

    /// The id under which [`Client::challenge`] takes it up: a secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
    }

    /// Where the code went.
    pub fn contact(&self) -> &Contact {
        &self.open.step.route.contact
    }

    /// When another message may be sent.
    pub fn resend_timer(&self) -> &ResendTimer {
        self.open.timer()
    }

    /// Sends another code; the former one is void, and the timer starts again.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/forgot/mobile/send` or
    /// `…/otp/forgot/email/send`.
    ///
    /// # Errors
    ///
    /// As [`PendingCode::resend`](super::PendingCode::resend).
    pub async fn resend(&mut self) -> Result<(), Error> {
        sent_code::resend(&self.client, &mut self.open).await
    }

    /// Confirms the code. It is sent once, whatever happens. The new password goes on under the
    /// same [`id`](Self::id).
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/forgot/mobile/verify` or
    /// `…/otp/forgot/email/verify`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error, as of
    /// [`PendingCode::confirm`](super::PendingCode::confirm); [`ErrorKind::Undecodable`] if the
    /// server agreed and gave no token.
    pub async fn confirm(
        mut self,
        code: impl Into<Secret>,
    ) -> Result<NewPassword, StepError<Self>> {
        match self.try_code(code.into()).await {
            Ok(forgot_token) => {
                let step = PasswordToken {
                    cookies: self.open.step.cookies.clone(),
                    forgot_token,
                };
                let open = self.open.go_on(step).await;
                Ok(NewPassword::resumed(self.client, open))
            }
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn try_code(&mut self, code: Secret) -> Result<Secret, Error> {
        let code = check_code("code", &code).map_err(|error| error.of(System::Fynd))?;
        let code_attempt = self.open.begin_code_attempt().await?;
        let step = &self.open.step;
        let unfinished = Unfinished::new(&self.client, &step.cookies);
        let answer = step.route.verify_forgotten(&unfinished, &step.keys, code);
        let answer = answer.await;
        self.open.step.cookies = unfinished.cookies();
        let token = self.open.settle(code_attempt, answer).await?;
        token.ok_or_else(|| {
            let operation = match self.contact() {
                Contact::Mobile { .. } => "verify_mobile_forgot_otp",
                Contact::Email(_) => "verify_email_forgot_otp",
            };
            let message = "the code was right, but the answer has no token to go on with";
            Error::new(ErrorKind::Undecodable, message)
                .with_status(http::StatusCode::OK)
                .at(System::Fynd, operation)
        })
    }
}

impl NewPassword {
    pub(super) fn resumed(client: Client, open: ActiveChallenge<PasswordToken>) -> Self {
        Self { client, open }
    }

    /// The id under which [`Client::challenge`] takes it up: a secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
    }

    /// Sets the password. Sends no message, and signs nobody in. It is sent once, unless the server
    /// certainly did not process it.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/password/forgot`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error. Nothing was sent with [`ErrorKind::InvalidInput`] (the
    /// `password` is empty) and [`ErrorKind::SignInAgain`] (it is finished or has expired).
    /// [`ErrorKind::Refused`]: the server does not take the password, or the time is over.
    pub async fn set(mut self, password: impl Into<Secret>) -> Result<(), StepError<Self>> {
        match self.try_password(password.into()).await {
            Ok(()) => {
                self.open.finish().await;
                Ok(())
            }
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn try_password(&mut self, password: Secret) -> Result<(), Error> {
        check_filled("password", password.expose())?;
        self.open.check().await?;
        let step = &self.open.step;
        let unfinished = Unfinished::new(&self.client, &step.cookies);
        let body = types::ForgotPasswordRequestSchema::builder()
            .code(step.forgot_token.clone())
            .password(password);
        let api = unfinished.api();
        api.reset_forgot_password().body(body).send().await?;
        Ok(())
    }
}
