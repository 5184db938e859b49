//! The users.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};

use serde_json::{Map, Value};

use super::totp::SecondFactor;

/// The index of a user. Users are never removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UserId(usize);

/// A phone number or an e-mail address.
pub(super) struct Contact {
    pub(super) value: String,
    pub(super) is_verified: bool,
}

/// The valid codes. Each can be used once, for its own purpose only.
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
    /// The API client that may act on behalf of this user.
    pub(super) created_by: Option<String>,
    /// The ids of the accepted terms.
    pub(super) accepted: Vec<u64>,
    /// The other members of the profile.
    pub(super) members: Map<String, Value>,
    pub(super) cards: Vec<Value>,
    pub(super) deletion_requested: bool,
    pub(super) has_licence: bool,
}

impl User {
    pub(super) fn phone(&self) -> Option<&Contact> {
        self.phone.as_ref()
    }

    pub(super) fn email(&self) -> Option<&Contact> {
        self.email.as_ref()
    }

    pub(super) fn verify_phone(&mut self) {
        if let Some(phone) = &mut self.phone {
            phone.is_verified = true;
        }
    }

    pub(super) fn verify_email(&mut self) {
        if let Some(email) = &mut self.email {
            email.is_verified = true;
        }
    }
}

/// All users, indexed by phone number and e-mail address.
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
        self.emails.get(&mailbox(email)).copied()
    }

    pub(super) fn by_uuid(&self, uuid: &str) -> Option<UserId> {
        let index = self.list.iter().position(|user| user.uuid == uuid);
        index.map(UserId)
    }

    /// Finds a user by phone number, e-mail address or uuid.
    pub(super) fn find(&self, user: &str) -> Option<UserId> {
        self.by_phone(user)
            .or_else(|| self.by_email(user))
            .or_else(|| self.by_uuid(user))
    }

    /// Invalidates the codes that were sent to the previous number.
    pub(super) fn set_phone(&mut self, id: UserId, phone: &str) {
        let user = &mut self.list[id.0];
        if let Some(previous) = user.phone.take() {
            self.phones.remove(&previous.value);
        }
        user.codes.phone_login = None;
        user.codes.phone_verification = None;
        user.phone = Some(Contact {
            value: phone.to_owned(),
            is_verified: false,
        });
        let previous_owner = self.phones.insert(phone.to_owned(), id);
        if let Some(owner) = previous_owner.filter(|owner| *owner != id) {
            self.list[owner.0].phone = None;
        }
    }

    /// Invalidates the codes that were sent to the previous address.
    pub(super) fn set_email(&mut self, id: UserId, email: &str) {
        let user = &mut self.list[id.0];
        if let Some(previous) = user.email.take() {
            self.emails.remove(&mailbox(&previous.value));
        }
        user.codes.email_login = None;
        user.codes.password_reset = None;
        user.codes.email_verification = None;
        user.email = Some(Contact {
            value: email.to_owned(),
            is_verified: false,
        });
        let previous_owner = self.emails.insert(mailbox(email), id);
        if let Some(owner) = previous_owner.filter(|owner| *owner != id) {
            self.list[owner.0].email = None;
        }
    }

    /// The first user for which `predicate` is true.
    pub(super) fn find_by(&mut self, predicate: impl FnMut(&mut User) -> bool) -> Option<UserId> {
        self.list.iter_mut().position(predicate).map(UserId)
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

/// Whether `code` is the expected one, which is used up then.
pub(super) fn consume_code(expected: &mut Option<String>, code: &str) -> bool {
    expected.take_if(|expected| *expected == code).is_some()
}

/// E-mail addresses are case-insensitive.
fn mailbox(email: &str) -> String {
    email.to_lowercase()
}
