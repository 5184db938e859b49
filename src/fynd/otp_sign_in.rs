//! Starting a sign-in by a code that is sent to a mobile or by e-mail.

use super::client::Client;
use super::codes::Route;
use super::pending_code::PendingCode;
use super::sent_code::{self, Purpose};
use crate::contact::Contact;
use crate::email::{Email, GivenEmail, IntoEmail};
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::phone::Phone;
use crate::secret::Secret;

/// A sign-in by code that was not sent yet.
#[derive(Clone)]
#[must_use = "no code is sent before `send`"]
pub struct OtpSignIn {
    client: Client,
    to: To,
    platform: Option<String>,
    android_hash: Option<String>,
    encrypt_otp: Option<bool>,
    force: Option<String>,
    register_token: Option<Secret>,
    captcha_code: Option<String>,
}

#[derive(Clone)]
enum To {
    Contact(Contact),
    Email(GivenEmail),
}

opaque_debug!("fynd": OtpSignIn);

impl Client {
    /// Starts a sign-in by a code sent to a mobile phone. Nothing is sent before
    /// [`OtpSignIn::send`].
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let code = || mock.outbox().last_code("+919000000001").unwrap();
    /// use vestibule::Phone;
    /// use vestibule::fynd::SignIn;
    ///
    /// let phone = Phone::parse("+91 90000 00001")?;
    /// let pending = client.sign_in_with_phone_code(&phone).send().await?;
    /// let signed_in = match pending.confirm(code()).await? {
    ///     // The number has no account yet.
    ///     SignIn::ProfileRequired(profile) => profile.first_name("Asha").last_name("Rao").send().await?,
    ///     signed_in => signed_in,
    /// };
    /// if let SignIn::SignedIn(session) = &signed_in {
    ///     assert_eq!(session.profile().await?.first_name.as_deref(), Some("Asha"));
    /// }
    /// # assert!(matches!(signed_in, SignIn::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_in_with_phone_code(&self, phone: &Phone) -> OtpSignIn {
        OtpSignIn::to(self.clone(), To::Contact(phone.into()))
    }

    /// Starts a sign-in by a code sent by e-mail. Nothing is sent before [`OtpSignIn::send`].
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
    /// let pending = client.sign_in_with_email_code("asha@example.com").send().await?;
    /// let signed_in = pending.confirm(code()).await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # assert_eq!(session.profile().await?.first_name.as_deref(), Some("Asha"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_in_with_email_code(&self, email: impl IntoEmail) -> OtpSignIn {
        OtpSignIn::to(self.clone(), To::Email(email.into_email()))
    }
}

impl OtpSignIn {
    pub(super) fn new(client: Client, contact: Contact) -> Self {
        Self::to(client, To::Contact(contact))
    }

    fn to(client: Client, to: To) -> Self {
        Self {
            platform: client.platform(),
            client,
            to,
            android_hash: None,
            encrypt_otp: None,
            force: None,
            register_token: None,
            captcha_code: None,
        }
    }

    /// The id of the application that the user belongs to. The server uses `Fynd` by default.
    pub fn platform(mut self, id: impl Into<String>) -> Self {
        self.platform = Some(id.into());
        self
    }

    /// The hash of an Android app, which the message to a mobile contains so that the app can read
    /// the code.
    pub fn android_hash(mut self, hash: impl Into<String>) -> Self {
        self.android_hash = Some(hash.into());
        self
    }

    /// Whether the code in the message to a mobile is encrypted, for an app that decrypts it.
    pub fn encrypt_otp(mut self, encrypt: bool) -> Self {
        self.encrypt_otp = Some(encrypt);
        self
    }

    /// Makes a resend to a mobile verify it in any case. The vendor documents a text and no values.
    pub fn force(mut self, force: impl Into<String>) -> Self {
        self.force = Some(force.into());
        self
    }

    /// The token of a registration that the code belongs to, from an earlier response of the server.
    pub fn register_token(mut self, token: impl Into<Secret>) -> Self {
        self.register_token = Some(token.into());
        self
    }

    /// The solution of a captcha, which goes with the first message to a mobile.
    pub fn captcha_code(mut self, code: impl Into<String>) -> Self {
        self.captcha_code = Some(code.into());
        self
    }

    /// Sends the code. It is retried only if the server certainly did not process it. Earlier
    /// challenges for this contact become invalid.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/otp` for a mobile,
    /// `…/otp/email/send` for a mailbox.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] naming `email` if it is no address, [`ErrorKind::RateLimited`] while the timer of
    /// the last message to this contact runs, [`ErrorKind::Unavailable`] if the session store fails:
    /// nothing is sent in these cases. [`ErrorKind::InvalidResponse`] if the response cannot be
    /// continued from; otherwise as any call, see [`Error`].
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::RateLimited`]: crate::ErrorKind::RateLimited
    /// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    pub async fn send(self) -> Result<PendingCode, Error> {
        let contact = match self.to {
            To::Contact(contact) => contact,
            To::Email(email) => Email::of(System::Fynd, email)?.into(),
        };
        let mut route = Route::to(contact, self.platform);
        route.android_hash = self.android_hash;
        route.encrypt_otp = self.encrypt_otp;
        route.force = self.force;
        route.register_token = self.register_token;
        let (client, captcha_code) = (&self.client, self.captcha_code.as_deref());
        let challenge = sent_code::send(client, None, Purpose::SignIn, route, captcha_code).await?;
        Ok(PendingCode::resumed(self.client, challenge))
    }
}
