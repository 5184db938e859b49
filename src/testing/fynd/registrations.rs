//! Registrations under way: what is known of somebody who is no user yet.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::person::{Contact, Contacts, Details, Identity};
use super::state::unguessable;

/// How long a registration waits for its next step.
const WAIT: TimeDelta = TimeDelta::hours(1);

#[derive(Clone, Default)]
pub(super) struct Registration {
    pub(super) details: Details,
    pub(super) contacts: Contacts,
    /// The contacts that must be confirmed before there is a user.
    pub(super) open: Vec<Contact>,
    pub(super) identity: Option<Identity>,
}

impl Registration {
    /// Takes a contact over, in place of an unconfirmed one; `needed` if there is no user before it
    /// is confirmed.
    pub(super) fn claim(&mut self, contact: &Contact, needed: bool) {
        self.open
            .retain(|open| open == contact || !open.is_like(contact));
        self.contacts.replace_unconfirmed(contact);
        self.contacts.add(contact.clone(), false);
        if needed && !self.open.contains(contact) {
            self.open.push(contact.clone());
        }
    }

    pub(super) fn confirm(&mut self, contact: &Contact) {
        self.contacts.add(contact.clone(), true);
        self.open.retain(|open| open != contact);
    }

    pub(super) fn is_confirmed(&self, contact: &Contact) -> bool {
        let entry = self.contacts.get(contact);
        entry.is_some_and(|entry| entry.verified)
    }
}

struct Kept {
    token: String,
    until: DateTime<Utc>,
    registration: Registration,
}

/// All of them. Each has one token, and each step brings a new one.
#[derive(Default)]
pub(super) struct Registrations {
    kept: HashMap<u64, Kept>,
    counter: u64,
}

impl Registrations {
    /// Keeps a new registration; gives its id.
    pub(super) fn begin(&mut self, registration: Registration) -> u64 {
        self.counter += 1;
        let kept = Kept {
            token: String::new(),
            until: DateTime::UNIX_EPOCH,
            registration,
        };
        self.kept.insert(self.counter, kept);
        self.counter
    }

    /// The registration of a token.
    pub(super) fn id(&self, token: &str, now: DateTime<Utc>) -> Option<u64> {
        let mut all = self.kept.iter();
        all.find(|(_, kept)| kept.token == token && kept.until > now)
            .map(|(id, _)| *id)
    }

    /// Whether a registration still waits for its next step.
    pub(super) fn waits(&self, id: u64, now: DateTime<Utc>) -> bool {
        self.kept.get(&id).is_some_and(|kept| kept.until > now)
    }

    pub(super) fn get(&self, id: u64) -> Option<&Registration> {
        self.kept.get(&id).map(|kept| &kept.registration)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Registration> {
        self.kept.get_mut(&id).map(|kept| &mut kept.registration)
    }

    /// The registration that waits with this e-mail address and this password.
    pub(super) fn by_password(&self, email: &Contact, password: &str) -> Option<u64> {
        let mut all = self.kept.iter();
        all.find(|(_, kept)| {
            let registration = &kept.registration;
            registration.contacts.get(email).is_some()
                && registration.details.password.as_deref() == Some(password)
        })
        .map(|(id, _)| *id)
    }

    /// A new token for a registration; the one before is void.
    pub(super) fn renew(&mut self, id: u64, now: DateTime<Utc>) -> String {
        let token = unguessable();
        if let Some(kept) = self.kept.get_mut(&id) {
            kept.token.clone_from(&token);
            kept.until = now + WAIT;
        }
        token
    }

    pub(super) fn end(&mut self, id: u64) {
        self.kept.remove(&id);
    }
}
