//! Registering a user by a form.

use std::sync::Arc;

use super::api::types;
use super::client::Client;
use super::complete_profile::{CompleteProfile, NewUser, ProfileMessages};
use super::contact::{check_filled, country_code, national_number};
use super::other_spelling;
use super::partial_session::PartialSession;
use super::sign_in::{PendingCodes, SignIn, unknown_contact};
use super::unconfirmed_codes::{CodePermits, SentCodes, UnconfirmedCodes, sent_codes};
use super::user_status::{filled, is_signed_in, no_session};
use crate::challenge::FirstMessage;
use crate::contact::Contact;
use crate::email::{Email, GivenEmail, IntoEmail};
use crate::error::{Error, ErrorKind, System};
use crate::opaque_debug::opaque_debug;
use crate::phone::Phone;
use crate::secret::Secret;
use crate::session::{Caller, run_exchange};

const OPERATION: &str = "register_with_form";

/// The form of a new user, not sent yet.
#[derive(Clone)]
#[must_use = "no user is registered before `send`"]
pub struct SignUp {
    client: Client,
    platform: Option<String>,
    first_name: String,
    last_name: Option<String>,
    gender: Option<String>,
    password: Option<Secret>,
    mobile: Option<Phone>,
    email: Option<GivenEmail>,
    register_token: Option<Secret>,
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
    /// let phone = vestibule::Phone::parse("+91 90000 00001")?;
    /// let form = client.sign_up("Asha").phone(phone).email("asha@example.com");
    /// let mut step = form.send().await?;
    /// while let SignIn::CodesRequired(codes) = step {
    ///     // Keep `codes.id()`: any instance resumes the registration by it.
    ///     step = match codes.phone() {
    ///         Some(_) => codes.confirm_phone(code("+919000000001")).await?,
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
            platform: client.platform(),
            client,
            first_name,
            last_name: None,
            gender: None,
            password: None,
            mobile: None,
            email: None,
            register_token: None,
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

    /// The user's mobile phone.
    pub fn phone(mut self, phone: impl Into<Phone>) -> Self {
        self.mobile = Some(phone.into());
        self
    }

    /// The user's e-mail address.
    pub fn email(mut self, email: impl IntoEmail) -> Self {
        self.email = Some(email.into_email());
        self
    }

    /// The token of a registration that the form continues, from an earlier response of the server.
    pub fn register_token(mut self, token: impl Into<Secret>) -> Self {
        self.register_token = Some(token.into());
        self
    }

    /// Registers the user. The server may send a code to the mobile, by e-mail or both, and returns
    /// which must be confirmed. It is not retried unless the server certainly did not process it.
    ///
    /// Where nothing is left to confirm and the server set a cookie, it is asked whose it is: the response
    /// to a form names no user.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/register/form`, and
    /// `GET /service/application/user/authentication/v1.0/session`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] naming `first_name`, `password` or `email`;
    /// [`ErrorKind::RateLimited`] while the timer of the last message to one of the contacts
    /// runs; [`ErrorKind::Unavailable`] if the session store fails: nothing is sent in these cases.
    /// [`ErrorKind::Rejected`] if there is a user with these contacts already, who has to sign in.
    /// [`ErrorKind::StepRequired`] if the server wants a contact confirmed that the form does not
    /// name. [`ErrorKind::InvalidResponse`] if the response cannot be continued from; otherwise as any
    /// call, see [`Error`].
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::RateLimited`]: crate::ErrorKind::RateLimited
    /// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
    /// [`ErrorKind::Rejected`]: crate::ErrorKind::Rejected
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    pub async fn send(self) -> Result<SignIn, Error> {
        let email = self.check()?;
        let context = Arc::clone(self.client.context());
        let exchange = async move |caller: Caller| self.send_for(&caller, email).await;
        run_exchange(&context, exchange).await
    }

    async fn send_for(self, caller: &Caller, email: Option<Email>) -> Result<SignIn, Error> {
        let first = FirstMessage::without_destination(self.client.context())?;
        first.check_store().await?;
        let mobile = self.mobile.as_ref().map(Contact::from);
        let contacts = mobile.into_iter().chain(email.as_ref().map(Contact::from));
        let (client, requester) = (&self.client, first.requester());
        let permits = CodePermits::claim(client, requester, contacts.collect()).await?;
        let partial = PartialSession::begin(client);
        let api = partial.api();
        let call = api.register_with_form().platform(self.platform.clone());
        let response = match call.body(self.body(email)).send().await {
            Ok(response) => response.into_inner(),
            Err(error) => return Err(permits.failed(error).await),
        };
        let exists = other_spelling::user_exists(response.user_exists, &response.extra, None);
        let register_token = filled(response.register_token.clone());
        let sent = SentCodes::of_form(response);
        let codes = permits.sent(client, requester, &sent, None).await?;
        let (platform, cookies) = (self.platform, partial.cookies());
        let wait = std::time::Duration::ZERO;
        if !codes.is_empty() {
            let step = UnconfirmedCodes {
                platform,
                cookies,
                register_token,
                codes,
                messages: ProfileMessages::default(),
                owner: None,
            };
            let challenge = first.open(step, wait).await;
            let codes = PendingCodes::resumed(self.client, None, challenge);
            return Ok(SignIn::CodesRequired(codes));
        }
        if sent.any() {
            return Err(unknown_contact(OPERATION));
        }
        if exists != Some(true)
            && let Some(register_token) = register_token
        {
            let step = NewUser::new(platform, cookies, register_token, None);
            let challenge = first.open(step, wait).await;
            let profile = CompleteProfile::resumed(self.client, challenge);
            return Ok(SignIn::ProfileRequired(profile));
        }
        if is_signed_in(&partial).await? {
            let session = self.client.sign_in(partial.cookies()).await?;
            caller.granted(&session);
            return Ok(SignIn::SignedIn(session));
        }
        if exists == Some(true) {
            let message = "there is a user with these contacts already: sign in instead";
            return Err(Error::new(ErrorKind::Rejected, message)
                .with_status(http::StatusCode::OK)
                .at(System::Fynd, OPERATION));
        }
        Err(no_session(OPERATION, "signed no user in"))
    }

    /// Checks the form, and returns its e-mail address.
    fn check(&self) -> Result<Option<Email>, Error> {
        check_filled("first_name", &self.first_name)?;
        if self.password.as_ref().is_some_and(Secret::is_empty) {
            return Err(Error::invalid("password", "must not be empty").of(System::Fynd));
        }
        let email = self.email.clone();
        let email = email.map(|email| Email::of(System::Fynd, email));
        email.transpose()
    }

    fn body(&self, email: Option<Email>) -> types::builder::FormRegisterRequestSchema {
        let phone = self.mobile.as_ref();
        let phone = phone.map(|phone| types::FormRegisterRequestSchemaPhone {
            country_code: Some(country_code(phone)),
            mobile: Some(national_number(phone)),
        });
        types::FormRegisterRequestSchema::builder()
            .first_name(self.first_name.clone())
            .last_name(self.last_name.clone())
            .gender(self.gender.clone())
            .password(self.password.clone())
            .phone(phone)
            .email(email.map(|email| email.as_str().to_owned()))
            .register_token(self.register_token.clone())
    }
}

impl SentCodes {
    /// The codes that a form has caused.
    fn of_form(response: types::RegisterFormSuccess) -> Self {
        sent_codes!(OPERATION, response)
    }
}
