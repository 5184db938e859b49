//! Registering a user by a form.

use super::api::types;
use super::client::Client;
use super::contact::{Contact, check_filled};
use super::partial_session::{PartialSession, finish};
use super::sign_in::{CompleteProfile, NewUser, PendingCodes, SignIn, unknown_contact};
use super::unconfirmed_codes::{CodePermits, SentCodes, UnconfirmedCodes};
use crate::challenge::FirstMessage;
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::secret::Secret;

const OPERATION: &str = "register_with_form";

/// The form of a new user, not sent yet.
#[derive(Clone)]
#[must_use = "no user is registered before `submit`"]
pub struct SignUp {
    client: Client,
    platform: Option<String>,
    first_name: String,
    last_name: Option<String>,
    gender: Option<String>,
    password: Option<Secret>,
    mobile: Option<Contact>,
    email: Option<Contact>,
}

opaque_debug!("fynd": SignUp);

impl Client {
    /// Starts the registration of a new user by a form. Nothing is sent before
    /// [`SignUp::send`].
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # mock.require_email(true);
    /// # let code = |to| mock.outbox().last_code(to).unwrap();
    /// use vestibule::fynd::SignIn;
    ///
    /// let form = client.sign_up("Asha").mobile("9000000001", "+91").email("asha@example.com");
    /// let mut step = form.send().await?;
    /// while let SignIn::CodesRequired(codes) = step {
    ///     // Keep `codes.id()`: any instance resumes the registration by it.
    ///     step = match codes.mobile() {
    ///         Some(_) => codes.confirm_mobile(code("+919000000001")).await?,
    ///         None => codes.confirm_email(code("asha@example.com")).await?,
    ///     };
    /// }
    /// # let session = step.signed_in().unwrap();
    /// # assert!(session.contacts().await?.iter().all(|own| own.verified));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_up(&self, first_name: impl Into<String>) -> SignUp {
        SignUp::new(self.clone(), first_name.into())
    }
}

impl SignUp {
    pub(super) fn new(client: Client, first_name: String) -> Self {
        Self {
            platform: client.platform.clone(),
            client,
            first_name,
            last_name: None,
            gender: None,
            password: None,
            mobile: None,
            email: None,
        }
    }

    /// The id of the application that the user belongs to. The server uses `Fynd` by default.
    pub fn platform(mut self, id: impl Into<String>) -> Self {
        self.platform = Some(id.into());
        self
    }

    /// The user's family name.
    pub fn last_name(mut self, name: impl Into<String>) -> Self {
        self.last_name = Some(name.into());
        self
    }

    /// The user's gender, as the sales channel names it: the values are not published.
    pub fn gender(mut self, gender: impl Into<String>) -> Self {
        self.gender = Some(gender.into());
        self
    }

    /// A password, for signing in with the e-mail address.
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The user's mobile, without country code, and the country calling code (`+91` or `91`).
    pub fn mobile(mut self, number: impl Into<String>, country_code: impl Into<String>) -> Self {
        self.mobile = Some(Contact::mobile(number, country_code));
        self
    }

    /// The user's e-mail address.
    pub fn email(mut self, address: impl Into<String>) -> Self {
        self.email = Some(Contact::email(address));
        self
    }

    /// Registers the user. The server may send a code to the mobile, by e-mail or both, and returns
    /// which must be confirmed. It is not retried unless the server certainly did not process it.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/register/form`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] naming `first_name`, `password`, `mobile`, `country_code` or
    /// `email`; [`ErrorKind::RateLimited`] while the timer of the last message to one of the contacts
    /// runs; [`ErrorKind::Unavailable`] if the session store fails: nothing is sent in these cases.
    /// [`ErrorKind::StepRequired`] if the server wants a contact confirmed that the form does not
    /// name. [`ErrorKind::InvalidResponse`] if the response cannot be continued from; otherwise as any
    /// call, see [`Error`].
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::RateLimited`]: crate::ErrorKind::RateLimited
    /// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    pub async fn send(self) -> Result<SignIn, Error> {
        self.check()?;
        let first = FirstMessage::without_destination(&self.client.context)?;
        first.check_store().await?;
        let contacts: Vec<Contact> = self.mobile.iter().chain(&self.email).cloned().collect();
        let permits = CodePermits::claim(first.requester(), contacts).await?;
        let partial = PartialSession::begin(&self.client);
        let api = partial.api();
        let call = api.register_with_form().platform(self.platform.clone());
        let response = match call.body(self.body()).send().await {
            Ok(response) => response.into_inner(),
            Err(error) => return Err(permits.failed(error).await),
        };
        let sent = SentCodes {
            operation: OPERATION,
            mobile: response.verify_mobile_otp == Some(true),
            email: response.verify_email_otp == Some(true),
            request_id: response.request_id,
            resend_token: response.resend_token,
            resend_email_token: response.resend_email_token,
            resend_timer: response.resend_timer,
        };
        let wants_codes = sent.mobile || sent.email;
        let codes = permits.sent(sent).await?;
        let (client, cookies) = (self.client, partial.cookies());
        if response.user_exists == Some(true) || (!wants_codes && response.register_token.is_none())
        {
            let session = finish(&client, &cookies, OPERATION).await?;
            return Ok(SignIn::SignedIn(session));
        }
        let wait = std::time::Duration::ZERO;
        if !wants_codes && let Some(register_token) = response.register_token {
            let step = NewUser::new(self.platform, cookies, register_token);
            let challenge = first.open(step, wait).await;
            let profile = CompleteProfile::resumed(client, challenge);
            return Ok(SignIn::ProfileRequired(profile));
        }
        if codes.is_empty() {
            return Err(unknown_contact(OPERATION));
        }
        let step = UnconfirmedCodes {
            platform: self.platform,
            cookies,
            register_token: response.register_token,
            codes,
        };
        let challenge = first.open(step, wait).await;
        Ok(SignIn::CodesRequired(PendingCodes::resumed(
            client, challenge,
        )))
    }

    fn check(&self) -> Result<(), Error> {
        check_filled("first_name", &self.first_name)?;
        for contact in self.mobile.iter().chain(&self.email) {
            contact.check()?;
        }
        if self.password.as_ref().is_some_and(Secret::is_empty) {
            return Err(Error::invalid("password", "must not be empty").of(System::Fynd));
        }
        Ok(())
    }

    fn body(&self) -> types::builder::FormRegisterRequestSchema {
        let phone = self.mobile.as_ref().and_then(|mobile| match mobile {
            Contact::Mobile {
                country_code,
                number,
            } => Some(types::FormRegisterRequestSchemaPhone {
                country_code: Some(country_code.clone()),
                mobile: Some(number.clone()),
            }),
            Contact::Email(_) => None,
        });
        let email = self.email.as_ref().and_then(|email| match email {
            Contact::Email(address) => Some(address.clone()),
            Contact::Mobile { .. } => None,
        });
        types::FormRegisterRequestSchema::builder()
            .first_name(self.first_name.clone())
            .last_name(self.last_name.clone())
            .gender(self.gender.clone())
            .password(self.password.clone())
            .phone(phone)
            .email(email)
    }
}
