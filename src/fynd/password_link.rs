//! A forgotten password: a new password is set by the code of a link.

use std::sync::Arc;

use super::api::{Api, types};
use super::client::Client;
use super::codes::captcha;
use super::contact::{check_filled, country_code, national_number};
use super::partial_session::PartialSession;
use super::session::Session;
use super::user_status::{UserStatus, finish};
use crate::challenge::{StepError, send_link};
use crate::contact::Contact;
use crate::error::Error;
use crate::opaque_debug::opaque_debug;
use crate::password::NewPassword;
use crate::secret::Secret;
use crate::session::{Caller, run_exchange};

/// The code of a link that a user who forgot the password has followed.
#[must_use = "the password is unchanged before `set_password`"]
pub struct PasswordLink {
    client: Client,
    code: Secret,
}

opaque_debug!("fynd": PasswordLink);

impl Client {
    /// Sends a link by which a user who forgot the password can set a new one, by SMS or by e-mail.
    /// One link per contact in 30 seconds ([`Settings::resend_wait`](crate::Settings::resend_wait)), across
    /// all instances. It is retried only if the server certainly did not process it.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/password/mobile/reset` or
    /// `…/login/password/reset`.
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
    /// # let code = || mock.outbox().last_code("asha@example.com").unwrap();
    /// use vestibule::Email;
    ///
    /// client.reset_password_by_link(Email::parse("asha@example.com")?).await?;
    /// // The user comes back with the code of the link.
    /// let link = client.password_link(code());
    /// link.verify().await?;
    /// let session = link.set_password(vestibule::NewPassword::new("the new password")).await?;
    /// # assert_eq!(session.profile().await?.first_name.as_deref(), Some("Asha"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RateLimited`] while the timer of the last link to this contact runs, and
    /// [`ErrorKind::Unavailable`] if the session store fails: nothing is sent in these cases.
    /// [`ErrorKind::Rejected`] if the server knows no user with this contact. Otherwise as any call,
    /// see [`Error`].
    ///
    /// [`ErrorKind::RateLimited`]: crate::ErrorKind::RateLimited
    /// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
    /// [`ErrorKind::Rejected`]: crate::ErrorKind::Rejected
    pub async fn reset_password_by_link(&self, contact: impl Into<Contact>) -> Result<(), Error> {
        self.send_reset_link(contact.into(), None).await
    }

    /// Sends a link as [`reset_password_by_link`](Self::reset_password_by_link) does, with the solution
    /// of a captcha: for a mobile, in a sales channel whose [`platform_config`](Self::platform_config)
    /// does not skip it. A mailbox needs none.
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
    /// let phone = vestibule::Phone::parse("+91 90000 00001")?;
    /// client.reset_password_by_link_with_captcha(phone, "the solution").await?;
    /// # assert_eq!(mock.outbox().messages().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/password/mobile/reset`.
    ///
    /// # Errors
    ///
    /// As [`reset_password_by_link`](Self::reset_password_by_link).
    pub async fn reset_password_by_link_with_captcha(
        &self,
        contact: impl Into<Contact>,
        code: &str,
    ) -> Result<(), Error> {
        self.send_reset_link(contact.into(), Some(code)).await
    }

    async fn send_reset_link(
        &self,
        contact: Contact,
        captcha_code: Option<&str>,
    ) -> Result<(), Error> {
        let api = self.api();
        let to = contact.destination();
        let send = async {
            let sent = self.call_reset_link(&api, contact, captcha_code);
            Ok((sent.await?, true))
        };
        send_link(
            self.context(),
            "password link",
            &to,
            self.resend_wait(),
            send,
        )
        .await
    }

    async fn call_reset_link(
        &self,
        api: &Api,
        contact: Contact,
        captcha_code: Option<&str>,
    ) -> Result<(), Error> {
        match contact {
            Contact::Phone(phone) => {
                let body = types::SendResetPasswordMobileRequestSchema::builder()
                    .country_code(country_code(&phone))
                    .mobile(national_number(&phone))
                    .extra(captcha(captcha_code));
                let call = api.send_reset_password_mobile().body(body);
                call.platform(self.platform()).send().await?;
            }
            Contact::Email(address) => {
                let body =
                    types::SendResetPasswordEmailRequestSchema::builder().email(address.as_str());
                let call = api.send_reset_password_email().body(body);
                call.platform(self.platform()).send().await?;
            }
        }
        Ok(())
    }

    /// The code of a link that the user followed. Nothing is stored: the link holds the code.
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
    /// # let code = || mock.outbox().last_code("asha@example.com").unwrap();
    /// # client.reset_password_by_link(vestibule::Email::parse("asha@example.com")?).await?;
    /// let link = client.password_link(code());
    /// let session = match link.set_password(vestibule::NewPassword::new("")).await {
    ///     Ok(session) => session,
    ///     // The code is not used up: the user may enter another password.
    ///     Err(failed) => failed.state.set_password(vestibule::NewPassword::new("the new password")).await?,
    /// };
    /// # assert_eq!(session.profile().await?.first_name.as_deref(), Some("Asha"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn password_link(&self, code: impl Into<Secret>) -> PasswordLink {
        PasswordLink {
            client: self.clone(),
            code: code.into(),
        }
    }
}

impl PasswordLink {
    /// Checks whether the code is still valid, before the user is asked for a password. Sends no
    /// message and does not use the code up.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/password/reset/token`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an empty `code`: nothing was
    /// sent. [`ErrorKind::Rejected`](crate::ErrorKind::Rejected): it is wrong, used or too old.
    /// Otherwise as any call, see [`Error`].
    pub async fn verify(&self) -> Result<(), Error> {
        check_filled("code", self.code.expose())?;
        let body = types::CodeRequestBodySchema::builder().code(self.code.clone());
        let api = self.client.api();
        api.send_reset_token().body(body).send().await?;
        Ok(())
    }

    /// Sets the password and signs the user in. Sends no message. The code is valid once; it is not
    /// retried unless the server certainly did not process it.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/password/reset/forgot`.
    ///
    /// # Errors
    ///
    /// The error returns the state. [`ErrorKind::InvalidInput`]: `code` or `password` is empty,
    /// nothing was sent. [`ErrorKind::Rejected`]: the code is wrong, used or too old, or the server
    /// does not accept the password. [`ErrorKind::InvalidResponse`]: the password is set, but the
    /// response named no user or returned no cookie.
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::Rejected`]: crate::ErrorKind::Rejected
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    pub async fn set_password(self, password: NewPassword) -> Result<Session, StepError<Self>> {
        let context = Arc::clone(self.client.context());
        let exchange =
            async move |caller: Caller| match self.try_password(password.into_secret()).await {
                Ok(session) => {
                    caller.granted(&session);
                    Ok(session)
                }
                Err(error) => Err(StepError::new(self, error)),
            };
        run_exchange(&context, exchange).await
    }

    async fn try_password(&self, password: Secret) -> Result<Session, Error> {
        check_filled("code", self.code.expose())?;
        check_filled("password", password.expose())?;
        let partial = PartialSession::begin(&self.client);
        let body = types::ForgotPasswordRequestSchema::builder()
            .code(self.code.clone())
            .password(password);
        let api = partial.api();
        let response = api.forgot_password().body(body).send().await?;
        let user = UserStatus::new(response.user.as_ref(), None, None);
        let cookies = partial.cookies();
        finish(&self.client, user.names_user, &cookies, "forgot_password").await
    }
}
