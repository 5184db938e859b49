//! Where a user is reached: a phone or a mailbox.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::email::{Email, IntoEmail};
use crate::error::Error;
use crate::phone::Phone;

/// A phone or a mailbox, which messages are sent to. `Debug` shows the channel only.
///
/// Functions that take either accept a [`Phone`], an [`Email`], and references to them.
///
/// ```
/// # fn main() -> Result<(), vestibule::Error> {
/// use vestibule::{Channel, Contact, Phone};
///
/// let phone = Contact::from(Phone::parse("+43 660 1234567")?);
/// assert_eq!(phone.to_text(), "+436601234567");
/// assert_eq!(Contact::email("ada@example.org")?.channel(), Channel::Email);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Contact {
    /// A phone, which receives an SMS.
    Phone(Phone),
    /// A mailbox, which receives an e-mail.
    Email(Email),
}

/// The channel by which a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Channel {
    /// SMS to a phone.
    Phone,
    /// E-mail.
    Email,
}

impl Contact {
    /// A phone, from its number with the country calling code; see [`Phone::parse`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `phone`.
    pub fn phone(number: &str) -> Result<Self, Error> {
        Phone::parse(number).map(Self::Phone)
    }

    /// A mailbox, from its address; see [`Email::parse`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `email`.
    pub fn email(address: impl IntoEmail) -> Result<Self, Error> {
        Ok(Self::Email(address.into_email()?))
    }

    /// The channel by which messages are sent there.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Phone(_) => Channel::Phone,
            Self::Email(_) => Channel::Email,
        }
    }

    /// The contact as one string: E.164 (`+436601234567`) or the address. Not for logs.
    pub fn to_text(&self) -> String {
        match self {
            Self::Phone(phone) => phone.to_e164(),
            Self::Email(email) => email.as_str().to_owned(),
        }
    }

    /// A hint at the contact for its owner: country calling code and last two digits of a phone, or
    /// first letter and domain of an address.
    pub fn hint(&self) -> String {
        match self {
            Self::Phone(phone) => {
                let number = phone.national_number();
                let end = number.len().saturating_sub(2).max(number.len() / 2);
                format!("+{} •••{}", phone.country_code().number(), &number[end..])
            }
            Self::Email(email) => {
                let (name, domain) = email.as_str().rsplit_once('@').unwrap_or_default();
                let first: String = name.chars().take(1).collect();
                format!("{first}•••@{domain}")
            }
        }
    }

    /// One text for all spellings of the contact.
    pub(crate) fn destination(&self) -> String {
        match self {
            Self::Phone(phone) => phone.to_e164(),
            Self::Email(email) => email.destination(),
        }
    }
}

impl From<Phone> for Contact {
    fn from(phone: Phone) -> Self {
        Self::Phone(phone)
    }
}

impl From<&Phone> for Contact {
    fn from(phone: &Phone) -> Self {
        Self::Phone(phone.clone())
    }
}

impl From<Email> for Contact {
    fn from(email: Email) -> Self {
        Self::Email(email)
    }
}

impl From<&Email> for Contact {
    fn from(email: &Email) -> Self {
        Self::Email(email.clone())
    }
}

impl From<&Contact> for Contact {
    fn from(contact: &Contact) -> Self {
        contact.clone()
    }
}

impl<'de> Deserialize<'de> for Contact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Contact", rename_all = "snake_case")]
        enum Tagged {
            Phone(Phone),
            Email(Email),
        }
        // The error of the format shows the name of an unknown variant, or what it found instead of
        // one: perhaps the number or the address.
        match Tagged::deserialize(deserializer) {
            Ok(Tagged::Phone(phone)) => Ok(Self::Phone(phone)),
            Ok(Tagged::Email(email)) => Ok(Self::Email(email)),
            Err(_) => Err(de::Error::custom(
                "a contact must be `phone` with a phone number, or `email` with an e-mail address",
            )),
        }
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contact::{:?}", self.channel())
    }
}
