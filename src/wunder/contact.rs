//! Phone numbers and e-mail addresses as Wunder takes them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, System};

/// Where a message goes. `Debug` shows the kind alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Contact {
    /// A phone number in E.164, by SMS.
    Phone(String),
    /// An e-mail address.
    Email(String),
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Phone(_) => "Contact::Phone",
            Self::Email(_) => "Contact::Email",
        })
    }
}

impl Contact {
    /// The number or address.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Phone(contact) | Self::Email(contact) => contact,
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Phone(phone) => check_phone(phone),
            Self::Email(email) => check_email(email),
        }
    }

    /// What is the same for all ways to write one mailbox.
    pub(super) fn destination(&self) -> String {
        match self {
            Self::Phone(phone) => phone.clone(),
            Self::Email(email) => email.to_lowercase(),
        }
    }
}

/// Checks a phone number: E.164, that is a plus, a first digit other than 0, 7 to 15 digits in all.
/// The calls check it themselves; a form can do so while the user types.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `phone`.
pub fn check_phone(phone: &str) -> Result<(), Error> {
    let digits = phone.strip_prefix('+').unwrap_or_default();
    let well_formed = (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if well_formed {
        return Ok(());
    }
    Err(Error::invalid("phone", "must be E.164, such as `+43123456789`").of(System::Wunder))
}

/// Checks an e-mail address: a name, one `@`, a host, no space and no control characters. Which
/// addresses there are, only a message can tell. The calls check it themselves.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `email`.
pub fn check_email(email: &str) -> Result<(), Error> {
    let (name, context) = email.rsplit_once('@').unwrap_or_default();
    let printable = |letter: char| !letter.is_whitespace() && !letter.is_control();
    let well_formed = email.len() <= 254
        && !name.is_empty()
        && !context.is_empty()
        && !name.contains('@')
        && email.chars().all(printable);
    if well_formed {
        return Ok(());
    }
    Err(Error::invalid("email", "must be like `ada@example.org`").of(System::Wunder))
}
