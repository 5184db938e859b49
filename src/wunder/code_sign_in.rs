//! Requesting a login code, by SMS or by e-mail.

use super::client::Client;
use super::pending_code::{CodeOptions, PendingCode};
use crate::contact::Contact;
use crate::email::{Email, GivenEmail, IntoEmail};
use crate::error::{Error, System};
use crate::phone::Phone;
use crate::secret::Secret;

/// A sign-in by phone that was not sent yet.
#[derive(Clone, Debug)]
#[must_use = "no code is sent before `send`"]
pub struct PhoneCodeSignIn {
    client: Client,
    phone: Phone,
    options: CodeOptions,
}

/// A sign-in by e-mail code that was not sent yet.
#[derive(Clone, Debug)]
#[must_use = "no code is sent before `send`"]
pub struct EmailCodeSignIn {
    client: Client,
    email: GivenEmail,
    options: CodeOptions,
}

impl Client {
    /// Starts a sign-in by a code that is sent to `phone`. A new number becomes a user of the
    /// [branch](PhoneCodeSignIn::branch_id), which is required.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # let code = || mock.outbox().last_code("+43123456789").unwrap();
    /// use vestibule::Phone;
    /// use vestibule::wunder::SignIn;
    ///
    /// let phone = Phone::parse("+43 123456789")?;
    /// let pending = client.sign_in_with_phone_code(&phone).branch_id("2").send().await?;
    /// // Ask the user for the code that came by SMS.
    /// let session = match pending.confirm(code()).await? {
    ///     SignIn::SignedIn(session) => session,
    ///     SignIn::MfaRequired(mfa) => mfa.confirm("654321").await?,
    /// };
    /// assert_eq!(session.profile().await?.phone_is_verified, Some(true));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_in_with_phone_code(&self, phone: &Phone) -> PhoneCodeSignIn {
        PhoneCodeSignIn {
            client: self.clone(),
            phone: phone.clone(),
            options: CodeOptions::default(),
        }
    }

    /// Starts a sign-in by a code that is sent to an e-mail address. A new address becomes a user
    /// of the [branch](EmailCodeSignIn::branch_id), which is required.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # let code = || mock.outbox().last_code("ada@example.org").unwrap();
    /// use vestibule::ErrorKind;
    /// use vestibule::wunder::SignIn;
    ///
    /// let pending = client.sign_in_with_email_code("ada@example.org").branch_id("2").send().await?;
    /// let sign_in = match pending.confirm("000000").await {
    ///     // The user mistyped: the state is still valid.
    ///     Err(failed) if failed.error.kind() == ErrorKind::Rejected => {
    ///         failed.state.confirm(code()).await?
    ///     }
    ///     confirmed => confirmed?,
    /// };
    /// assert!(matches!(sign_in, SignIn::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_in_with_email_code(&self, email: impl IntoEmail) -> EmailCodeSignIn {
        EmailCodeSignIn {
            client: self.clone(),
            email: email.into_email(),
            options: CodeOptions::default(),
        }
    }
}

impl PhoneCodeSignIn {
    /// The id of the branch that a new user joins. Required.
    pub fn branch_id(mut self, id: impl Into<String>) -> Self {
        self.options.branch_id = Some(id.into());
        self
    }

    /// The language of the message and of a new user, as a tag such as `de` or `en-US`. The header
    /// `Accept-Language` is an option: [`CallOptions::language`](crate::CallOptions::language).
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.options.language = Some(language.into());
        self
    }

    /// The OneSignal device that push messages go to.
    pub fn one_signal_device_id(mut self, device: impl Into<Secret>) -> Self {
        self.options.device = Some(device.into());
        self
    }

    /// Whether the user has accepted the terms. Omitted by default.
    pub fn terms_accepted(mut self, accepted: bool) -> Self {
        self.options.terms_accepted = Some(accepted);
        self
    }

    /// Sends the code by SMS. The request is signed again for each attempt, and retried only if
    /// the server certainly did not process it. Earlier challenges for this number become invalid.
    ///
    /// Source: `POST /{tenant}/front/customers/create-or-sign-in-with-phone-number`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `branch_id` if it
    /// is not set; [`ErrorKind::Misconfigured`](crate::ErrorKind::Misconfigured) for a client without
    /// `signing_key`;
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) before the client's
    /// [`resend_wait`](super::ClientBuilder::resend_wait) has passed;
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the session store fails, and nothing
    /// is sent then; otherwise as any call, see [`Error`].
    pub async fn send(self) -> Result<PendingCode, Error> {
        PendingCode::send(self.client, Contact::Phone(self.phone), self.options).await
    }
}

impl EmailCodeSignIn {
    /// The id of the branch that a new user joins. Required.
    pub fn branch_id(mut self, id: impl Into<String>) -> Self {
        self.options.branch_id = Some(id.into());
        self
    }

    /// The language of the message and of a new user, as a tag such as `de` or `en-US`. The header
    /// `Accept-Language` is an option: [`CallOptions::language`](crate::CallOptions::language).
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.options.language = Some(language.into());
        self
    }

    /// Whether the user has accepted the terms. Omitted by default.
    pub fn terms_accepted(mut self, accepted: bool) -> Self {
        self.options.terms_accepted = Some(accepted);
        self
    }

    /// Sends the code by e-mail. The request is signed again for each attempt, and retried only if
    /// the server certainly did not process it. Earlier challenges for this address become invalid.
    ///
    /// Source: `POST /{tenant}/front/customers/create-or-sign-in-with-email-code`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `email`, or
    /// `branch_id` if it is not set; [`ErrorKind::Misconfigured`](crate::ErrorKind::Misconfigured) for a
    /// client without `signing_key`;
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) before the client's
    /// [`resend_wait`](super::ClientBuilder::resend_wait) has passed;
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the session store fails, and nothing
    /// is sent then; otherwise as any call, see [`Error`].
    pub async fn send(self) -> Result<PendingCode, Error> {
        let email = Email::of(System::Wunder, self.email)?;
        PendingCode::send(self.client, Contact::Email(email), self.options).await
    }
}
