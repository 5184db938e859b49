//! Users, their contacts and their social accounts.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::testing::Channel;

/// A mobile number; both parts are digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Number {
    pub(super) country_code: String,
    pub(super) mobile: String,
}

/// A recipient of messages.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Contact {
    Mobile(Number),
    Email(String),
}

impl Contact {
    pub(super) fn channel(&self) -> Channel {
        match self {
            Self::Mobile(_) => Channel::Sms,
            Self::Email(_) => Channel::Email,
        }
    }

    /// The address of a message.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Mobile(number) => format!("+{}{}", number.country_code, number.mobile),
            Self::Email(email) => email.clone(),
        }
    }

    pub(super) fn has_same_channel(&self, other: &Self) -> bool {
        self.channel() == other.channel()
    }
}

/// A contact of a profile, with its flags.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) contact: Contact,
    pub(super) active: bool,
    pub(super) primary: bool,
    pub(super) verified: bool,
}

/// The personal details of a form or a profile.
#[derive(Clone, Default)]
pub(super) struct Details {
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) gender: Option<String>,
    pub(super) date_of_birth: Option<String>,
    pub(super) picture: Option<String>,
    pub(super) password: Option<String>,
}

impl Details {
    /// Copies the fields that `newer` has.
    pub(super) fn update(&mut self, newer: Self) {
        let fields = [
            (&mut self.first_name, newer.first_name),
            (&mut self.last_name, newer.last_name),
            (&mut self.gender, newer.gender),
            (&mut self.date_of_birth, newer.date_of_birth),
            (&mut self.picture, newer.picture),
            (&mut self.password, newer.password),
        ];
        for (field, newer) in fields {
            if newer.is_some() {
                *field = newer;
            }
        }
    }
}

/// The contacts of a user. The first of each kind is the primary one, until another is made so.
#[derive(Clone, Default)]
pub(super) struct Contacts(Vec<Entry>);

impl Contacts {
    pub(super) fn of(&self, channel: Channel) -> impl Iterator<Item = &Entry> {
        let entries = self.0.iter();
        entries.filter(move |entry| entry.contact.channel() == channel)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }

    pub(super) fn get(&self, contact: &Contact) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.contact == *contact)
    }

    /// Adds a contact, or confirms an existing one.
    pub(super) fn add(&mut self, contact: Contact, verified: bool) {
        if let Some(known) = self.0.iter_mut().find(|entry| entry.contact == contact) {
            known.verified |= verified;
            known.active |= verified;
            return;
        }
        let primary = !self
            .0
            .iter()
            .any(|entry| entry.contact.has_same_channel(&contact));
        self.0.push(Entry {
            contact,
            active: verified || primary,
            primary,
            verified,
        });
    }

    pub(super) fn remove(&mut self, contact: &Contact) {
        self.0.retain(|entry| entry.contact != *contact);
    }

    /// Removes the unconfirmed contacts that `newer` replaces.
    pub(super) fn replace_unconfirmed(&mut self, newer: &Contact) {
        self.0.retain(|entry| {
            entry.verified || entry.contact == *newer || !entry.contact.has_same_channel(newer)
        });
    }

    pub(super) fn make_primary(&mut self, contact: &Contact) {
        for entry in &mut self.0 {
            if entry.contact.has_same_channel(contact) {
                entry.primary = entry.contact == *contact;
            }
        }
    }
}

/// A social provider whose accounts Fynd accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FyndProvider {
    /// Facebook.
    Facebook,
    /// Google, on the web, on Android and on iOS.
    Google,
    /// Apple.
    Apple,
}

/// A social account: the provider and its user id.
pub(super) type Identity = (FyndProvider, String);

pub(super) struct User {
    pub(super) id: String,
    pub(super) details: Details,
    pub(super) contacts: Contacts,
    pub(super) identities: Vec<Identity>,
    pub(super) attributes: Map<String, Value>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}
