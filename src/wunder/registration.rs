//! The registration of users.

use serde::Serialize;
use serde_json::Value;

use super::client::Client;
use super::sign_in::{login_fields, not_empty};
use super::user_api::types;
use super::verification::VERIFICATION_LINK;
use crate::challenge::send_link;
use crate::email::{Email, GivenEmail, IntoEmail};
use crate::error::{Error, System};
use crate::json::AnyJson;
use crate::opaque_debug::opaque_debug;
use crate::phone::Phone;
use crate::secret::Secret;

/// A new user, prepared by [`Client::sign_up`].
///
/// The vendor documents no list of required fields, so none is required here; the server rejects a
/// user that lacks one.
#[derive(Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct SignUp {
    client: Client,
    email: Option<GivenEmail>,
    phone: Option<Phone>,
    password: Option<Secret>,
    branch_id: Option<String>,
    custom: Option<AnyJson>,
    members: Vec<(String, Value)>,
}

opaque_debug!("wunder": SignUp);

impl Client {
    /// Starts the registration of a user. Nothing is sent before [`SignUp::send`].
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// let customer = client
    ///     .sign_up()
    ///     .email("ada@example.org")
    ///     .password("a long password")
    ///     .branch_id("2")
    ///     .send()
    ///     .await?;
    /// assert_eq!(customer.email_is_verified, Some(false));
    /// let sign_in = client.sign_in_with_password("ada@example.org", "a long password").await?;
    /// # assert!(matches!(sign_in, vestibule::wunder::SignIn::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_up(&self) -> SignUp {
        SignUp {
            client: self.clone(),
            email: None,
            phone: None,
            password: None,
            branch_id: None,
            custom: None,
            members: Vec::new(),
        }
    }

    /// Registers a user with the login data of a third party, such as a social network. The vendor
    /// does not document its fields: the operator knows them, and they are sent unchanged. Signed
    /// over `email` or, without it, `phoneNumber`, if the client has a signature key and the login
    /// contains one of them. The response has no tokens: continue with
    /// [`sign_in_with_social`](Self::sign_in_with_social).
    ///
    /// Not idempotent: retried only if the server certainly did not process it. As far as
    /// documented, it sends no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_social_account("google", &"a token of Google".into(), Some("ada@example.org"));
    /// let login = serde_json::json!({"provider": "google", "token": "a token of Google"});
    /// client.sign_up_with_social(&login).await?;
    /// let sign_in = client.sign_in_with_social(&login).await?;
    /// # assert!(matches!(sign_in, vestibule::wunder::SignIn::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/front/customers/social-sign-up`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `login` if it is not a
    /// JSON object with members, or `email` or `phoneNumber` if malformed;
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the user exists (`U102`) or the login
    /// data is not valid; otherwise see [`Error`].
    pub async fn sign_up_with_social(
        &self,
        login: &impl Serialize,
    ) -> Result<types::Customer, Error> {
        let members = login_fields(login)?;
        let text = |name, check: fn(&str) -> Result<(), Error>| match members.get(name) {
            None | Some(Value::Null) => Ok(()),
            Some(Value::String(text)) => check(text).map_err(|error| error.of(System::Wunder)),
            Some(_) => Err(Error::invalid(name, "must be a string").of(System::Wunder)),
        };
        text("email", |text| Email::parse(text).map(drop))?;
        text("phoneNumber", check_e164)?;
        let body: types::SocialSignUp = serde_json::from_value(Value::Object(members.into()))
            .map_err(|_| {
                Error::invalid("login", "does not fit the request of a social sign-up")
                    .of(System::Wunder)
            })?;
        let api = self.user_api();
        Ok(api.social_sign_up().body(body).send().await?.into_inner())
    }
}

impl SignUp {
    /// Sets the e-mail address of the user, which the request is signed over.
    pub fn email(mut self, email: impl IntoEmail) -> Self {
        self.email = Some(email.into_email());
        self
    }

    /// Sets the phone number of the user, which the request is signed over if there is no
    /// address.
    pub fn phone(mut self, phone: impl Into<Phone>) -> Self {
        self.phone = Some(phone.into());
        self
    }

    /// Sets the password, which must follow the rules of the tenant.
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the branch to which the user belongs, by its id.
    pub fn branch_id(mut self, id: impl Into<String>) -> Self {
        self.branch_id = Some(id.into());
        self
    }

    /// Sets custom data of the integration, as any JSON value.
    pub fn custom_properties(mut self, properties: impl Into<AnyJson>) -> Self {
        self.custom = Some(properties.into());
        self
    }

    /// Sets any other member that the operator requires, by its name in JSON.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.push((name.into(), value.into()));
        self
    }

    /// Creates the user. The response has no tokens: sign in afterwards. Signed if the client has a
    /// signature key. Not idempotent: retried only if the server certainly did not process it.
    /// **The server may send an e-mail** to verify the address.
    ///
    /// Source: `POST /{tenant}/front/customers`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `email`,
    /// `password`, `branch_id`, or a member that has its own method; with an address,
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) before the client's
    /// [`resend_wait`](super::ClientBuilder::resend_wait) since the last link to it has passed, and
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the session store fails: nothing is
    /// sent in these cases. [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the user exists (`U102`), the address
    /// belongs to another user (`U141`) or the password breaks the rules (`U101`); otherwise see
    /// [`Error`].
    pub async fn send(self) -> Result<types::Customer, Error> {
        let email = self.email.map(|email| Email::of(System::Wunder, email));
        let email = email.transpose()?;
        let password = self.password.as_ref().map(Secret::expose);
        for (field, value) in [
            ("password", password),
            ("branch_id", self.branch_id.as_deref()),
        ] {
            value.map_or(Ok(()), |value| not_empty(field, value))?;
        }
        let to = email.as_ref().map(Email::destination);
        let mut body = types::NewCustomer {
            email: email.map(|email| email.as_str().to_owned()),
            phone_number: self.phone.map(|phone| phone.to_e164()),
            password: self.password,
            branch_id: self.branch_id,
            custom_properties: self.custom,
            ..types::NewCustomer::default()
        };
        for (name, value) in self.members {
            if NAMED.contains(&name.as_str()) {
                return Err(
                    Error::invalid(name, "must be set by its own method").of(System::Wunder)
                );
            }
            body.extra.insert(name, value);
        }
        let client = &self.client;
        let api = client.user_api();
        let call = api.create_customer().body(body);
        let Some(to) = to else {
            return Ok(call.send().await?.into_inner());
        };
        let send = async { Ok((call.send().await?.into_inner(), true)) };
        let wait = client.resend_wait();
        send_link(client.context(), VERIFICATION_LINK, &to, wait, send).await
    }
}

/// The server compares the text of a social sign-up, so it must be normalized already.
fn check_e164(text: &str) -> Result<(), Error> {
    match Phone::parse(text) {
        Ok(phone) if phone.e164() == text => Ok(()),
        _ => Err(Error::invalid(
            "phoneNumber",
            "must be E.164, such as `+43123456789`",
        )),
    }
}

/// The members that have their own methods.
const NAMED: [&str; 5] = [
    "email",
    "phoneNumber",
    "password",
    "branchId",
    "customProperties",
];
