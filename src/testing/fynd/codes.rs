//! Codes for users to enter, codes in links, and one-time tokens.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::random_token::random_token;
use super::user::Contact;
use crate::testing::Channel;

/// How long a resend has to wait, in seconds.
pub(super) const RESEND_SECONDS: i64 = 30;
/// Lifetime of a code.
const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Lifetime of a link.
const LINK_LIFETIME: TimeDelta = TimeDelta::hours(24);
/// Lifetime of a one-time token.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// What a code can be used for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    SignIn,
    ForgotPassword,
}

/// The user or registration for which a code confirms a contact.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum CodeSubject {
    /// The user that owns the contact.
    ContactOwner,
    /// A user who added the contact, by id.
    User(String),
    /// A pending registration, by id.
    Registration(u64),
}

/// A code that was sent to a contact.
#[derive(Clone)]
pub(super) struct SentCode {
    pub(super) request_id: String,
    /// The newest token for a resend.
    pub(super) resend_token: String,
    /// The tokens of earlier messages, which stay valid.
    former_resend_tokens: Vec<String>,
    pub(super) code: String,
    pub(super) subject: CodeSubject,
    pub(super) at: DateTime<Utc>,
}

/// The newest unused code for each purpose and contact.
#[derive(Default)]
pub(super) struct Codes {
    sent: HashMap<(Purpose, Contact), SentCode>,
    /// The id of the sending requests for each purpose and contact. It stays the same, as in the
    /// vendor's examples.
    request_ids: HashMap<(Purpose, Contact), String>,
    counter: u64,
}

impl Codes {
    pub(super) fn send(
        &mut self,
        purpose: Purpose,
        contact: &Contact,
        subject: CodeSubject,
        now: DateTime<Utc>,
    ) -> SentCode {
        self.counter += 1;
        let code = 1_000 + self.counter.wrapping_mul(7_919) % 9_000;
        let key = (purpose, contact.clone());
        let former = self.sent.remove(&key);
        let former_resend_tokens = former.map_or_else(Vec::new, |former| {
            let mut tokens = former.former_resend_tokens;
            tokens.push(former.resend_token);
            tokens
        });
        let request_id = self.request_ids.entry(key.clone());
        let sent = SentCode {
            request_id: request_id.or_insert_with(random_token).clone(),
            resend_token: random_token(),
            former_resend_tokens,
            code: code.to_string(),
            subject,
            at: now,
        };
        self.sent.insert(key, sent.clone());
        sent
    }

    pub(super) fn newest(&self, purpose: Purpose, contact: &Contact) -> Option<&SentCode> {
        self.sent.get(&(purpose, contact.clone()))
    }

    /// Changes the subject of the newest code.
    pub(super) fn set_subject(
        &mut self,
        purpose: Purpose,
        contact: &Contact,
        subject: CodeSubject,
    ) {
        if let Some(newest) = self.sent.get_mut(&(purpose, contact.clone())) {
            newest.subject = subject;
        }
    }

    /// The contact to which a correct code was sent, by the id of the sending request.
    pub(super) fn by_request(
        &self,
        purpose: Purpose,
        request_id: &str,
        code: &str,
        now: DateTime<Utc>,
    ) -> Option<Contact> {
        let mut codes = self.sent.iter();
        let ((_, contact), _) = codes.find(|((of, contact), sent)| {
            *of == purpose
                && contact.channel() == Channel::Sms
                && sent.request_id == request_id
                && sent.is_correct(code, now)
        })?;
        Some(contact.clone())
    }

    /// Whether a code is the correct one for a contact.
    pub(super) fn is_correct(
        &self,
        purpose: Purpose,
        contact: &Contact,
        code: &str,
        now: DateTime<Utc>,
    ) -> bool {
        let newest = self.newest(purpose, contact);
        newest.is_some_and(|sent| sent.is_correct(code, now))
    }

    /// Invalidates the code of a contact.
    pub(super) fn revoke(&mut self, purpose: Purpose, contact: &Contact) {
        self.sent.remove(&(purpose, contact.clone()));
    }
}

impl SentCode {
    /// Whether the token of this or an earlier message entitles to a resend.
    pub(super) fn may_be_resent_by(&self, token: &str) -> bool {
        let mut former = self.former_resend_tokens.iter();
        self.resend_token == token || former.any(|former| former == token)
    }

    fn is_correct(&self, code: &str, now: DateTime<Utc>) -> bool {
        self.code == code && now - self.at < CODE_LIFETIME
    }
}

/// What opening a link does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkPurpose {
    ConfirmContact,
    ResetPassword,
}

struct Link {
    purpose: LinkPurpose,
    contact: Contact,
    user_id: String,
    expires_at: DateTime<Utc>,
}

/// The unused links by their codes: the newest for each purpose and contact.
#[derive(Default)]
pub(super) struct Links(HashMap<String, Link>);

impl Links {
    pub(super) fn issue(
        &mut self,
        purpose: LinkPurpose,
        contact: &Contact,
        user_id: &str,
        now: DateTime<Utc>,
    ) -> String {
        self.0
            .retain(|_, link| link.purpose != purpose || link.contact != *contact);
        let code = random_token();
        let link = Link {
            purpose,
            contact: contact.clone(),
            user_id: user_id.to_owned(),
            expires_at: now + LINK_LIFETIME,
        };
        self.0.insert(code.clone(), link);
        code
    }

    /// The user id and the contact of a valid link.
    pub(super) fn check(
        &self,
        purpose: LinkPurpose,
        code: &str,
        now: DateTime<Utc>,
    ) -> Option<(String, Contact)> {
        let link = self.0.get(code)?;
        (link.purpose == purpose && link.expires_at > now)
            .then(|| (link.user_id.clone(), link.contact.clone()))
    }

    pub(super) fn revoke(&mut self, code: &str) {
        self.0.remove(code);
    }

    /// Invalidates all links that were sent to a contact.
    pub(super) fn revoke_all(&mut self, contact: &Contact) {
        self.0.retain(|_, link| link.contact != *contact);
    }
}

/// Tokens that can be used once, with a lifetime.
pub(super) struct OneTimeTokens<T>(HashMap<String, (T, DateTime<Utc>)>);

impl<T> Default for OneTimeTokens<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> OneTimeTokens<T> {
    pub(super) fn issue(&mut self, value: T, now: DateTime<Utc>) -> String {
        let token = random_token();
        self.0.insert(token.clone(), (value, now + TOKEN_LIFETIME));
        token
    }

    pub(super) fn consume(&mut self, token: &str, now: DateTime<Utc>) -> Option<T> {
        let (value, expires_at) = self.0.remove(token)?;
        (expires_at > now).then_some(value)
    }
}
