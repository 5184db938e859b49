//! The users of the mock.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};

use serde_json::{Map, Value};

use super::second_factor::SecondFactor;

/// A place among the users, which are never removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UserId(usize);

/// A phone number or an e-mail address.
pub(super) struct Contact {
    pub(super) value: String,
    pub(super) is_verified: bool,
}

/// The codes that are good, each once and for its own purpose alone.
#[derive(Default)]
pub(super) struct Codes {
    pub(super) phone_login: Option<String>,
    pub(super) email_login: Option<String>,
    pub(super) password_reset: Option<String>,
    pub(super) phone_verification: Option<String>,
    pub(super) email_verification: Option<String>,
}

#[derive(Default)]
pub(super) struct User {
    pub(super) uuid: String,
    phone: Option<Contact>,
    email: Option<Contact>,
    pub(super) password: Option<String>,
    pub(super) codes: Codes,
    pub(super) factor: SecondFactor,
    pub(super) branch: Option<String>,
    pub(super) is_locked: bool,
    /// The API client that may act for this user.
    pub(super) created_by: Option<String>,
    /// The ids of the terms that the user accepted.
    pub(super) accepted: Vec<u64>,
    /// What else the profile holds.
    pub(super) members: Map<String, Value>,
    pub(super) cards: Vec<Value>,
    pub(super) asked_for_deletion: bool,
    pub(super) has_licence: bool,
}

impl User {
    pub(super) fn phone(&self) -> Option<&Contact> {
        self.phone.as_ref()
    }

    pub(super) fn email(&self) -> Option<&Contact> {
        self.email.as_ref()
    }

    /// A code that came there proves who reads it.
    pub(super) fn verify_phone(&mut self) {
        if let Some(phone) = &mut self.phone {
            phone.is_verified = true;
        }
    }

    /// The same for the e-mail address.
    pub(super) fn verify_email(&mut self) {
        if let Some(email) = &mut self.email {
            email.is_verified = true;
        }
    }
}

/// All users, found by number, address or uuid.
#[derive(Default)]
pub(super) struct Users {
    list: Vec<User>,
    phones: HashMap<String, UserId>,
    emails: HashMap<String, UserId>,
}

impl Users {
    pub(super) fn add(&mut self) -> UserId {
        let id = UserId(self.list.len());
        self.list.push(User {
            uuid: format!("6f1d2a34-0000-4000-8000-{:012}", id.0 + 1),
            ..User::default()
        });
        id
    }

    pub(super) fn by_phone(&self, phone: &str) -> Option<UserId> {
        self.phones.get(phone).copied()
    }

    pub(super) fn by_email(&self, email: &str) -> Option<UserId> {
        self.emails.get(&same_mailbox(email)).copied()
    }

    pub(super) fn by_uuid(&self, uuid: &str) -> Option<UserId> {
        let place = self.list.iter().position(|user| user.uuid == uuid);
        place.map(UserId)
    }

    /// By any of the three.
    pub(super) fn find(&self, user: &str) -> Option<UserId> {
        self.by_phone(user)
            .or_else(|| self.by_email(user))
            .or_else(|| self.by_uuid(user))
    }

    /// Codes that went to the number before are good no more.
    pub(super) fn set_phone(&mut self, id: UserId, phone: &str) {
        let user = &mut self.list[id.0];
        if let Some(before) = user.phone.take() {
            self.phones.remove(&before.value);
        }
        user.codes.phone_login = None;
        user.codes.phone_verification = None;
        user.phone = Some(Contact {
            value: phone.to_owned(),
            is_verified: false,
        });
        let holder = self.phones.insert(phone.to_owned(), id);
        if let Some(holder) = holder.filter(|holder| *holder != id) {
            self.list[holder.0].phone = None;
        }
    }

    /// Codes that went to the address before are good no more.
    pub(super) fn set_email(&mut self, id: UserId, email: &str) {
        let user = &mut self.list[id.0];
        if let Some(before) = user.email.take() {
            self.emails.remove(&same_mailbox(&before.value));
        }
        user.codes.email_login = None;
        user.codes.password_reset = None;
        user.codes.email_verification = None;
        user.email = Some(Contact {
            value: email.to_owned(),
            is_verified: false,
        });
        let holder = self.emails.insert(same_mailbox(email), id);
        if let Some(holder) = holder.filter(|holder| *holder != id) {
            self.list[holder.0].email = None;
        }
    }

    /// The first user of whom this holds.
    pub(super) fn find_by(&mut self, holds: impl FnMut(&mut User) -> bool) -> Option<UserId> {
        self.list.iter_mut().position(holds).map(UserId)
    }

    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut User> {
        self.list.iter_mut()
    }
}

impl Index<UserId> for Users {
    type Output = User;

    fn index(&self, id: UserId) -> &User {
        &self.list[id.0]
    }
}

impl IndexMut<UserId> for Users {
    fn index_mut(&mut self, id: UserId) -> &mut User {
        &mut self.list[id.0]
    }
}

/// Takes a code that was presented: burnt if it is the right one.
pub(super) fn burn(expected: &mut Option<String>, presented: &str) -> bool {
    let is_right = expected.as_deref() == Some(presented);
    if is_right {
        *expected = None;
    }
    is_right
}

/// Capitals make no other mailbox.
fn same_mailbox(email: &str) -> String {
    email.to_lowercase()
}
