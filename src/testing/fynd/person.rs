//! A person as the mock keeps one: names, ways to reach them, what proves who they are.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::seed::FyndProvider;
use crate::testing::Channel;

/// A mobile number; both parts are digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Number {
    pub(super) country_code: String,
    pub(super) mobile: String,
}

/// Where a message can go.
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

    /// As a message is addressed.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Mobile(number) => format!("+{}{}", number.country_code, number.mobile),
            Self::Email(email) => email.clone(),
        }
    }

    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.channel() == other.channel()
    }
}

/// A contact as it stands in a profile.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) contact: Contact,
    pub(super) active: bool,
    pub(super) primary: bool,
    pub(super) verified: bool,
}

/// What a form or a profile tells of somebody.
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
    /// Takes over what `newer` has.
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

/// The contacts of one person; the first of each kind is the main one until told otherwise.
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

    /// Adds a contact, or confirms one that is there.
    pub(super) fn add(&mut self, contact: Contact, verified: bool) {
        if let Some(known) = self.0.iter_mut().find(|entry| entry.contact == contact) {
            known.verified |= verified;
            known.active |= verified;
            return;
        }
        let primary = !self.0.iter().any(|entry| entry.contact.is_like(&contact));
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

    /// Drops what was entered in place of `newer` and never confirmed.
    pub(super) fn replace_unconfirmed(&mut self, newer: &Contact) {
        self.0.retain(|entry| {
            entry.verified || entry.contact == *newer || !entry.contact.is_like(newer)
        });
    }

    pub(super) fn make_primary(&mut self, contact: &Contact) {
        for entry in &mut self.0 {
            if entry.contact.is_like(contact) {
                entry.primary = entry.contact == *contact;
            }
        }
    }
}

/// Who an account at a third party belongs to: the party, and its id of the person.
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
