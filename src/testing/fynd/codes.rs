//! Codes that are typed, codes that a link carries, and tokens that can be spent once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::person::Contact;
use super::state::unguessable;
use crate::testing::Channel;

/// How soon after a message another may be asked for, in seconds.
pub(super) const RESEND_SECONDS: i64 = 30;
/// How long a code that is typed is good.
const CODE: TimeDelta = TimeDelta::minutes(10);
/// How long the code of a link is good.
const LINK: TimeDelta = TimeDelta::hours(24);
/// How long a token is good that a code was exchanged for.
const TOKEN: TimeDelta = TimeDelta::minutes(15);

/// What a code is good for. One for signing in does not set a password, nor the reverse.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    SignIn,
    Forgot,
}

/// For whom a code confirms a contact.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Claim {
    /// Whoever has the contact.
    Owner,
    /// A user who added it.
    User(String),
    /// A registration under way, by its id.
    Registration(u64),
}

/// The newest message to a contact, until its code is used.
#[derive(Clone)]
pub(super) struct Sending {
    pub(super) request_id: String,
    pub(super) resend_token: String,
    pub(super) code: String,
    pub(super) claim: Claim,
    pub(super) at: DateTime<Utc>,
}

/// One code for each purpose and contact: what was sent before is void.
#[derive(Default)]
pub(super) struct Codes {
    sendings: HashMap<(Purpose, Contact), Sending>,
    counter: u64,
}

impl Codes {
    pub(super) fn send(
        &mut self,
        purpose: Purpose,
        contact: &Contact,
        claim: Claim,
        now: DateTime<Utc>,
    ) -> Sending {
        self.counter += 1;
        let code = 1_000 + self.counter.wrapping_mul(7_919) % 9_000;
        let sending = Sending {
            request_id: unguessable(),
            resend_token: unguessable(),
            code: code.to_string(),
            claim,
            at: now,
        };
        let place = (purpose, contact.clone());
        self.sendings.insert(place, sending.clone());
        sending
    }

    pub(super) fn newest(&self, purpose: Purpose, contact: &Contact) -> Option<&Sending> {
        self.sendings.get(&(purpose, contact.clone()))
    }

    /// Changes for whom the newest code confirms a contact.
    pub(super) fn reclaim(&mut self, purpose: Purpose, contact: &Contact, claim: Claim) {
        if let Some(newest) = self.sendings.get_mut(&(purpose, contact.clone())) {
            newest.claim = claim;
        }
    }

    /// The contact that a right code came to, by the id of the request that sent it.
    pub(super) fn by_request(
        &self,
        purpose: Purpose,
        request_id: &str,
        code: &str,
        now: DateTime<Utc>,
    ) -> Option<Contact> {
        let mut sendings = self.sendings.iter();
        let ((_, contact), _) = sendings.find(|((meant, contact), sending)| {
            *meant == purpose
                && contact.channel() == Channel::Sms
                && sending.request_id == request_id
                && sending.is_right(code, now)
        })?;
        Some(contact.clone())
    }

    /// Whether a code is the right one for a contact.
    pub(super) fn is_right(
        &self,
        purpose: Purpose,
        contact: &Contact,
        code: &str,
        now: DateTime<Utc>,
    ) -> bool {
        let newest = self.newest(purpose, contact);
        newest.is_some_and(|sending| sending.is_right(code, now))
    }

    /// Makes the code that was sent to a contact void.
    pub(super) fn burn(&mut self, purpose: Purpose, contact: &Contact) {
        self.sendings.remove(&(purpose, contact.clone()));
    }
}

impl Sending {
    fn is_right(&self, code: &str, now: DateTime<Utc>) -> bool {
        self.code == code && now - self.at < CODE
    }
}

/// What following a link does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    Confirm,
    Reset,
}

struct Link {
    aim: Aim,
    contact: Contact,
    user_id: String,
    until: DateTime<Utc>,
}

/// The codes of links, until they are followed. A newer link of the same aim voids an older one.
#[derive(Default)]
pub(super) struct Links(HashMap<String, Link>);

impl Links {
    pub(super) fn issue(
        &mut self,
        aim: Aim,
        contact: &Contact,
        user_id: &str,
        now: DateTime<Utc>,
    ) -> String {
        self.0
            .retain(|_, link| link.aim != aim || link.contact != *contact);
        let code = unguessable();
        let link = Link {
            aim,
            contact: contact.clone(),
            user_id: user_id.to_owned(),
            until: now + LINK,
        };
        self.0.insert(code.clone(), link);
        code
    }

    /// Whose link a code belongs to, and to which contact it went.
    pub(super) fn check(
        &self,
        aim: Aim,
        code: &str,
        now: DateTime<Utc>,
    ) -> Option<(String, Contact)> {
        let link = self.0.get(code)?;
        (link.aim == aim && link.until > now).then(|| (link.user_id.clone(), link.contact.clone()))
    }

    pub(super) fn burn(&mut self, code: &str) {
        self.0.remove(code);
    }

    /// Makes every link that went to a contact void.
    pub(super) fn burn_all(&mut self, contact: &Contact) {
        self.0.retain(|_, link| link.contact != *contact);
    }
}

/// Tokens that are good once, for a while.
pub(super) struct Spendable<T>(HashMap<String, (T, DateTime<Utc>)>);

impl<T> Default for Spendable<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Spendable<T> {
    pub(super) fn issue(&mut self, value: T, now: DateTime<Utc>) -> String {
        let token = unguessable();
        self.0.insert(token.clone(), (value, now + TOKEN));
        token
    }

    pub(super) fn spend(&mut self, token: &str, now: DateTime<Utc>) -> Option<T> {
        let (value, until) = self.0.remove(token)?;
        (until > now).then_some(value)
    }
}
