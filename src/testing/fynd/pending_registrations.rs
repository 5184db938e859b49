//! The registrations that are not complete yet.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::random_token::random_token;
use super::user::{Contact, Contacts, Details, Identity};

/// How long a registration waits for its next step.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

#[derive(Clone, Default)]
pub(super) struct Registration {
    pub(super) details: Details,
    pub(super) contacts: Contacts,
    /// The contacts that must be confirmed before the user is created.
    pub(super) unconfirmed: Vec<Contact>,
    pub(super) identity: Option<Identity>,
}

impl Registration {
    /// Sets a contact and replaces an unconfirmed one of the same kind. If it is `required`, it must
    /// be confirmed before the user is created.
    pub(super) fn set_contact(&mut self, contact: &Contact, required: bool) {
        self.unconfirmed
            .retain(|other| other == contact || !other.has_same_channel(contact));
        self.contacts.replace_unconfirmed(contact);
        self.contacts.add(contact.clone(), false);
        if required && !self.unconfirmed.contains(contact) {
            self.unconfirmed.push(contact.clone());
        }
    }

    pub(super) fn confirm(&mut self, contact: &Contact) {
        self.contacts.add(contact.clone(), true);
        self.unconfirmed.retain(|other| other != contact);
    }

    pub(super) fn is_confirmed(&self, contact: &Contact) -> bool {
        let entry = self.contacts.get(contact);
        entry.is_some_and(|entry| entry.verified)
    }
}

struct PendingRegistration {
    /// The tokens of all steps: each is valid until the registration ends.
    tokens: Vec<String>,
    expires_at: DateTime<Utc>,
    registration: Registration,
}

/// All pending registrations, by id. Every step adds a token to those of a registration.
#[derive(Default)]
pub(super) struct PendingRegistrations {
    entries: HashMap<u64, PendingRegistration>,
    counter: u64,
}

impl PendingRegistrations {
    /// Adds a registration and returns its id.
    pub(super) fn add(&mut self, registration: Registration) -> u64 {
        self.counter += 1;
        let pending = PendingRegistration {
            tokens: Vec::new(),
            expires_at: DateTime::UNIX_EPOCH,
            registration,
        };
        self.entries.insert(self.counter, pending);
        self.counter
    }

    /// The id of the registration with a valid token.
    pub(super) fn id(&self, token: &str, now: DateTime<Utc>) -> Option<u64> {
        let mut all = self.entries.iter();
        all.find(|(_, pending)| {
            pending.tokens.iter().any(|known| known == token) && pending.expires_at > now
        })
        .map(|(id, _)| *id)
    }

    /// Whether a registration has not expired.
    pub(super) fn is_pending(&self, id: u64, now: DateTime<Utc>) -> bool {
        self.entries
            .get(&id)
            .is_some_and(|pending| pending.expires_at > now)
    }

    pub(super) fn get(&self, id: u64) -> Option<&Registration> {
        self.entries.get(&id).map(|pending| &pending.registration)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Registration> {
        self.entries
            .get_mut(&id)
            .map(|pending| &mut pending.registration)
    }

    /// The id of the registration with this e-mail address and password.
    pub(super) fn by_password(&self, email: &Contact, password: &str) -> Option<u64> {
        let mut all = self.entries.iter();
        all.find(|(_, pending)| {
            let registration = &pending.registration;
            registration.contacts.get(email).is_some()
                && registration.details.password.as_deref() == Some(password)
        })
        .map(|(id, _)| *id)
    }

    /// Adds a token to those of a registration.
    pub(super) fn issue_token(&mut self, id: u64, now: DateTime<Utc>) -> String {
        let token = random_token();
        if let Some(pending) = self.entries.get_mut(&id) {
            pending.tokens.push(token.clone());
            pending.expires_at = now + LIFETIME;
        }
        token
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.entries.remove(&id);
    }
}
