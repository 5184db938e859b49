//! Phone numbers and e-mail addresses.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, System};

/// The destination of a message. `Debug` shows only its kind.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Contact {
    /// A phone number in E.164, which receives an SMS.
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
    /// The phone number or e-mail address.
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

    /// The contact in normal form: one text for all spellings of a mailbox.
    pub(super) fn destination(&self) -> String {
        match self {
            Self::Phone(phone) => phone.clone(),
            Self::Email(email) => email.to_lowercase(),
        }
    }
}

/// Checks that a phone number is E.164: a plus and 7 to 15 digits, the first of which is not 0.
/// Every call checks its numbers itself; this function is for forms.
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

/// Checks the form of an e-mail address: a name, one `@`, a host, no white space or control
/// characters, at most 254 bytes. Every call checks its addresses itself; this function is for
/// forms.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `email`.
pub fn check_email(email: &str) -> Result<(), Error> {
    let (name, host) = email.rsplit_once('@').unwrap_or_default();
    let printable = |letter: char| !letter.is_whitespace() && !letter.is_control();
    let well_formed = email.len() <= 254
        && !name.is_empty()
        && !host.is_empty()
        && !name.contains('@')
        && email.chars().all(printable);
    if well_formed {
        return Ok(());
    }
    Err(Error::invalid(
        "email",
        "must be an e-mail address such as `ada@example.org`",
    )
    .of(System::Wunder))
}
