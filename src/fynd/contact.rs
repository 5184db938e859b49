//! The contacts in a profile, and phone numbers as Fynd writes them.

use std::fmt;

use super::api::types;
use crate::contact::Contact;
use crate::error::{Error, System};
use crate::phone::Phone;

/// A contact in the profile of a signed-in user, as it was when the profile was read.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnContact {
    pub(super) stored: StoredContact,
    /// Whether the contact is in use.
    pub active: bool,
    /// Whether it is the primary contact of its kind.
    pub primary: bool,
    /// Whether the user has confirmed the contact.
    pub verified: bool,
}

/// A contact in the server's own text, which it compares when the contact is changed.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum StoredContact {
    Mobile {
        country_code: String,
        number: String,
    },
    Email(String),
}

impl OwnContact {
    /// The phone or mailbox; `None` if the server stores text that is neither.
    pub fn contact(&self) -> Option<Contact> {
        match &self.stored {
            StoredContact::Mobile {
                country_code,
                number,
            } => {
                let phone = Phone::new(country_code.parse().ok()?, number);
                phone.ok().map(Contact::Phone)
            }
            StoredContact::Email(address) => Contact::email(address).ok(),
        }
    }
}

impl fmt::Debug for OwnContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnContact")
            .field("contact", &self.contact())
            .field("active", &self.active)
            .field("primary", &self.primary)
            .field("verified", &self.verified)
            .finish()
    }
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
                stored: StoredContact::Mobile {
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
            stored: StoredContact::Email(entry.email?),
            active: entry.active.unwrap_or_default(),
            primary: entry.primary.unwrap_or_default(),
            verified: entry.verified.unwrap_or_default(),
        })
    });
    mobiles.chain(emails).collect()
}

/// The country calling code as Fynd writes it: digits without plus.
pub(super) fn country_code(phone: &Phone) -> String {
    phone.country_code().number().to_string()
}

/// The number as Fynd writes it: without country calling code.
pub(super) fn national_number(phone: &Phone) -> String {
    phone.national_number().to_owned()
}

/// Fails if a text is empty or blank.
pub(super) fn check_filled(field: &'static str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::invalid(field, "must not be empty").of(System::Fynd));
    }
    Ok(())
}
