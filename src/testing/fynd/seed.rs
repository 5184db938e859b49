//! Users, attributes and ways to sign in that a test configures.

use std::fmt;

use serde_json::{Map, Value};

use super::user::{Contact, Contacts, Details, FyndProvider, Identity, Number};
use crate::phone::Phone;

/// A way to sign in that a sales channel can switch off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FyndSignIn {
    /// By a code that is sent to the mobile number.
    Otp,
    /// By e-mail address and password.
    Password,
    /// By a social account.
    Social(FyndProvider),
}

/// The type of a user attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FyndAttribute {
    /// Strings.
    Text,
    /// Numbers.
    Number,
    /// True and false.
    Boolean,
    /// Lists of anything.
    List,
}

impl FyndAttribute {
    pub(super) fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
        }
    }
}

/// A user for [`Fynd::add_user`](super::Fynd::add_user). The first mobile number and the first
/// e-mail address are the primary ones.
///
/// ```
/// use vestibule::Phone;
/// use vestibule::testing::{Fynd, FyndProvider, FyndUser};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), vestibule::Error> {
/// let fynd = Fynd::start().await;
/// let asha = FyndUser::new("Asha")
///     .phone(Phone::parse("+91 90000 00001")?)
///     .unverified_email("asha@example.com")
///     .social(FyndProvider::Google, "1001");
/// let asha = fynd.add_user(asha);
///
/// // The token that an app gets from Google, and the one that the system of a shop issues.
/// let google = fynd.issue_social_token(FyndProvider::Google, "1001", None);
/// let token = fynd.issue_login_token(&asha);
/// # assert_ne!(google, token);
/// assert_eq!(fynd.sessions_of(&asha), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "a user has no effect until it is passed to `Fynd::add_user`"]
pub struct FyndUser {
    pub(super) details: Details,
    pub(super) contacts: Contacts,
    pub(super) identities: Vec<Identity>,
    pub(super) attributes: Map<String, Value>,
}

impl fmt::Debug for FyndUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("testing::FyndUser")
    }
}

impl FyndUser {
    /// A user with this given name and no way to sign in.
    pub fn new(first_name: impl Into<String>) -> Self {
        let mut user = Self::default();
        user.details.first_name = Some(first_name.into());
        user
    }

    /// The family name.
    pub fn last_name(mut self, name: impl Into<String>) -> Self {
        self.details.last_name = Some(name.into());
        self
    }

    /// The password for a sign-in by e-mail address.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.details.password = Some(password.into());
        self
    }

    /// A confirmed mobile number.
    pub fn phone(self, phone: impl Into<Phone>) -> Self {
        self.with(Contact::Mobile(Number::of(&phone.into())), true)
    }

    /// A mobile number that is not confirmed yet.
    pub fn unverified_phone(self, phone: impl Into<Phone>) -> Self {
        self.with(Contact::Mobile(Number::of(&phone.into())), false)
    }

    /// A confirmed e-mail address.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.with(Contact::Email(email.into()), true)
    }

    /// An e-mail address that is not confirmed yet.
    pub fn unverified_email(self, email: impl Into<String>) -> Self {
        self.with(Contact::Email(email.into()), false)
    }

    /// A social account that signs this user in; `id` is the user id of the provider.
    pub fn social(mut self, provider: FyndProvider, id: impl Into<String>) -> Self {
        self.identities.push((provider, id.into()));
        self
    }

    /// The value of a user attribute, which must be defined by
    /// [`Fynd::define_attribute`](super::Fynd::define_attribute).
    pub fn attribute(mut self, slug: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.insert(slug.into(), value.into());
        self
    }

    fn with(mut self, contact: Contact, verified: bool) -> Self {
        self.contacts.add(contact, verified);
        self
    }
}

impl Number {
    fn of(phone: &Phone) -> Self {
        Self {
            country_code: phone.country_code().number().to_string(),
            mobile: phone.national_number().to_owned(),
        }
    }
}
