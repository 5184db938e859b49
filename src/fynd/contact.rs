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

    /// The normalised destination of messages to it.
    pub(super) fn destination(&self) -> String {
        match (self.contact(), &self.stored) {
            (Some(contact), _) => contact.destination(),
            (
                None,
                StoredContact::Mobile {
                    country_code,
                    number,
                },
            ) => {
                format!("{country_code} {number}")
            }
            (None, StoredContact::Email(address)) => address.clone(),
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

/// The contacts that a response names; text that is neither a phone nor a mailbox is left out.
pub(super) fn named_by(
    country_code: Option<&str>,
    mobile: Option<&str>,
    email: Option<&str>,
) -> Vec<Contact> {
    let code = country_code.and_then(|code| code.parse().ok());
    let phone = code.and_then(|code| Phone::new(code, mobile?).ok());
    let email = email.and_then(|email| Contact::email(email).ok());
    phone.map(Contact::Phone).into_iter().chain(email).collect()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use serde_json::json;

    use super::{StoredContact, of_user};
    use crate::contact::Contact;

    #[test]
    fn the_text_of_the_server_is_kept_and_read_as_a_contact_if_it_is_one() {
        let user = json!({
            "phone_numbers": [
                {"phone": "09000000001", "country_code": 91, "verified": true},
                {"phone": "extension 7", "country_code": 91},
                {"phone": "9000000002", "country_code": 999},
                {"country_code": 91},
            ],
            "emails": [{"email": "Asha@example.com", "primary": true}, {"email": "no address"}],
        });
        let own = of_user(serde_json::from_value(user).unwrap());
        let contacts: Vec<Option<Contact>> = own.iter().map(|own| own.contact()).collect();
        let phone = Contact::phone("+919000000001").unwrap();
        let email = Contact::email("Asha@example.com").unwrap();
        assert_eq!(contacts, [Some(phone), None, None, Some(email), None]);
        // It is sent back as it was read.
        let StoredContact::Mobile { number, .. } = &own[0].stored else {
            panic!("mobile numbers come first");
        };
        assert_eq!(number, "09000000001");
        let shown = format!("{own:?}");
        assert!(!shown.contains("900") && !shown.contains("sha"), "{shown}");
    }
}
