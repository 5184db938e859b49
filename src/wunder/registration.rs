//! Creating users.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::client::Client;
use super::contact::{check_email, check_phone};
use super::sign_in::{login_fields, not_empty};
use super::user_api::types;
use crate::error::{Error, System};
use crate::json::AnyJson;
use crate::secret::Secret;

/// A new user who was not sent yet.
///
/// The vendor publishes no list of fields, so none is required here; the server tells which of them
/// the tenant wants.
#[derive(Clone)]
#[must_use = "nothing is sent before `create`"]
pub struct Registration {
    client: Client,
    email: Option<String>,
    phone: Option<String>,
    password: Option<Secret>,
    branch_id: Option<String>,
    custom: Option<AnyJson>,
    members: Vec<(String, Value)>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wunder::Registration")
    }
}

impl Client {
    /// Starts the creation of a user.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).build()?;
    /// let customer = client
    ///     .register()
    ///     .email("ada@example.org")
    ///     .password("a long password")
    ///     .branch_id("2")
    ///     .create()
    ///     .await?;
    /// assert_eq!(customer.email_is_verified, Some(false));
    /// let sign_in = client.password_sign_in("ada@example.org", "a long password").await?;
    /// # assert!(matches!(sign_in, vestibule::wunder::SignIn::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn register(&self) -> Registration {
        Registration {
            client: self.clone(),
            email: None,
            phone: None,
            password: None,
            branch_id: None,
            custom: None,
            members: Vec::new(),
        }
    }

    /// Creates a user by what a third party issued. The vendor publishes no fields: ask the
    /// operator for them, they are sent as they are. Signed over `email`, else `phoneNumber`, if
    /// the client has a signature key and the login has one of the two. There are no tokens: go on
    /// with [`social_sign_in`](Self::social_sign_in).
    ///
    /// Sends no message that is known of, and is not repeated unless the server certainly did not
    /// process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).build()?;
    /// # mock.add_social_account("google", "what Google issued", Some("ada@example.org"));
    /// let login = serde_json::json!({"provider": "google", "token": "what Google issued"});
    /// client.social_sign_up(&login).await?;
    /// let sign_in = client.social_sign_in(&login).await?;
    /// # assert!(matches!(sign_in, vestibule::wunder::SignIn::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/front/customers/social-sign-up`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a login that is not a JSON
    /// object with members, or an `email` or `phoneNumber` in it that is none;
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) if the user exists (`U102`) or the login is
    /// not good; else as any call, see [`Error`].
    pub async fn social_sign_up(&self, login: &impl Serialize) -> Result<types::Customer, Error> {
        let members = login_fields(login)?;
        let text = |name, check: fn(&str) -> Result<(), Error>| match members.get(name) {
            None | Some(Value::Null) => Ok(()),
            Some(Value::String(text)) => check(text),
            Some(_) => Err(Error::invalid(name, "must be a string").of(System::Wunder)),
        };
        text("email", check_email)?;
        text("phoneNumber", check_phone)?;
        let body: types::SocialSignUp = serde_json::from_value(Value::Object(members.0))
            .map_err(|_| Error::invalid("login", "is no such request").of(System::Wunder))?;
        let api = self.user_api();
        Ok(api.social_sign_up().body(body).send().await?.into_inner())
    }
}

impl Registration {
    /// The e-mail address of the user; it is what is signed.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// The phone number of the user (E.164); it is what is signed where there is no address.
    pub fn phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some(phone.into());
        self
    }

    /// The password, which has to obey the rules of the tenant.
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The branch to which the user belongs.
    pub fn branch_id(mut self, id: impl Into<String>) -> Self {
        self.branch_id = Some(id.into());
        self
    }

    /// Data of the integration's own, as any JSON.
    pub fn custom_properties(mut self, properties: impl Into<AnyJson>) -> Self {
        self.custom = Some(properties.into());
        self
    }

    /// A further member that the operator asks for, by its name in JSON.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.push((name.into(), value.into()));
        self
    }

    /// Creates the user. There are no tokens: sign in afterwards. Signed if the client has a
    /// signature key. The server may send an e-mail that asks to verify the address, so this is not
    /// repeated unless the server certainly did not process it.
    ///
    /// Source: `POST /{tenant}/front/customers`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `email`, `phone`,
    /// `password` or `branch_id`, or a member that has a method of its own;
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) if the user exists (`U102`), the address is
    /// taken (`U141`) or the password breaks the rules (`U101`); else as any call, see [`Error`].
    pub async fn create(self) -> Result<types::Customer, Error> {
        self.email.as_deref().map_or(Ok(()), check_email)?;
        self.phone.as_deref().map_or(Ok(()), check_phone)?;
        let password = self.password.as_ref().map(Secret::expose);
        for (field, value) in [
            ("password", password),
            ("branch_id", self.branch_id.as_deref()),
        ] {
            value.map_or(Ok(()), |value| not_empty(field, value))?;
        }
        let mut body = types::NewCustomer {
            email: self.email,
            phone_number: self.phone,
            password: self.password,
            branch_id: self.branch_id,
            custom_properties: self.custom,
            ..types::NewCustomer::default()
        };
        for (name, value) in self.members {
            if NAMED.contains(&name.as_str()) {
                return Err(Error::invalid(name, "has a method of its own").of(System::Wunder));
            }
            body.extra.insert(name, value);
        }
        let api = self.client.user_api();
        Ok(api.create_customer().body(body).send().await?.into_inner())
    }
}

/// What is not set as a further member.
const NAMED: [&str; 5] = [
    "email",
    "phoneNumber",
    "password",
    "branchId",
    "customProperties",
];
