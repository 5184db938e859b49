//! Mobile numbers and e-mail addresses.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::api::types;
use crate::error::{Error, System};

/// The maximum length of an e-mail address in bytes.
const LONGEST_EMAIL: usize = 254;

/// A mobile number or an e-mail address. `Debug` shows only its kind.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Contact {
    /// A mobile number.
    Mobile {
        /// The country calling code, digits only.
        country_code: String,
        /// The number without country code.
        number: String,
    },
    /// An e-mail address.
    Email(String),
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mobile { .. } => "fynd::Contact::Mobile",
            Self::Email(_) => "fynd::Contact::Email",
        })
    }
}

impl Contact {
    /// Creates a contact from a mobile number without country code (4 to 15 digits, such as
    /// `9000000001`) and the country calling code (`+91` or `91`).
    pub fn mobile(number: impl Into<String>, country_code: impl Into<String>) -> Self {
        let country_code = country_code.into();
        Self::Mobile {
            number: number.into(),
            country_code: match country_code.strip_prefix('+') {
                Some(digits) => digits.to_owned(),
                None => country_code,
            },
        }
    }

    /// Creates a contact from an e-mail address.
    pub fn email(address: impl Into<String>) -> Self {
        Self::Email(address.into())
    }

    /// Checks the form of the contact; the error names the field.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Mobile {
                country_code,
                number,
            } => {
                check_digits("mobile", number, 4, 15)?;
                check_digits("country_code", country_code, 1, 3)
            }
            Self::Email(address) => check_email(address),
        }
    }

    /// The contact in normal form, without leading zeros and in lower case: one text for all
    /// spellings.
    pub(super) fn destination(&self) -> String {
        match self {
            Self::Mobile {
                country_code,
                number,
            } => {
                let country_code = country_code.trim_start_matches('0');
                let number = number.trim_start_matches('0');
                format!("+{country_code}{number}")
            }
            Self::Email(address) => address.to_lowercase(),
        }
    }
}

/// A contact in the profile of a signed-in user, as it was when the profile was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnContact {
    /// The mobile number or e-mail address.
    pub contact: Contact,
    /// Whether the contact is in use.
    pub active: bool,
    /// Whether it is the primary contact of its kind.
    pub primary: bool,
    /// Whether the user has confirmed the contact.
    pub verified: bool,
}

/// The contacts in a profile, mobile numbers first; entries without a number or address are left
/// out.
pub(super) fn of_user(user: types::UserSchema) -> Vec<OwnContact> {
    let mobiles = user
        .phone_numbers
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            Some(OwnContact {
                contact: Contact::Mobile {
                    country_code: entry.country_code?.to_string(),
                    number: entry.phone?,
                },
                active: entry.active.unwrap_or_default(),
                primary: entry.primary.unwrap_or_default(),
                verified: entry.verified.unwrap_or_default(),
            })
        });
    let emails = user.emails.into_iter().flatten().filter_map(|entry| {
        Some(OwnContact {
            contact: Contact::Email(entry.email?),
            active: entry.active.unwrap_or_default(),
            primary: entry.primary.unwrap_or_default(),
            verified: entry.verified.unwrap_or_default(),
        })
    });
    mobiles.chain(emails).collect()
}

fn check_digits(field: &'static str, text: &str, least: usize, most: usize) -> Result<(), Error> {
    let well_formed =
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if well_formed {
        return Ok(());
    }
    let right = format!("must be {least} to {most} digits");
    Err(Error::invalid(field, &right).of(System::Fynd))
}

pub(super) fn check_email(address: &str) -> Result<(), Error> {
    let parts = address.rsplit_once('@');
    let well_formed = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && address.len() <= LONGEST_EMAIL
        && !address.contains(|c: char| c.is_whitespace() || c.is_control());
    if well_formed {
        return Ok(());
    }
    Err(Error::invalid(
        "email",
        "must be an e-mail address such as `asha@example.com`",
    )
    .of(System::Fynd))
}

/// Fails if a text is empty or blank.
pub(super) fn check_filled(field: &'static str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::invalid(field, "must not be empty").of(System::Fynd));
    }
    Ok(())
}
