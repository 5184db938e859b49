//! A call with the parsed body, the time and the outbox.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::errors::malformed;
use crate::testing::{Call, Channel, Message, MockResult, Outbox};

/// A call that the mock handles.
pub(super) struct Request<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) body: Value,
    pub(super) now: DateTime<Utc>,
    outbox: &'a Outbox,
}

impl<'a> Request<'a> {
    pub(super) fn new(call: &'a Call<'a>, outbox: &'a Outbox, now: DateTime<Utc>) -> Self {
        Self {
            call,
            body: call.json(),
            now,
            outbox,
        }
    }

    /// The time in seconds since the Unix epoch.
    pub(super) fn seconds(&self) -> i64 {
        self.now.timestamp()
    }

    /// A string of the body, if it is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.body[name].as_str().filter(|text| !text.is_empty())
    }

    /// A required string of the body.
    pub(super) fn required_text(&self, name: &str) -> MockResult<&str> {
        self.text(name)
            .ok_or_else(|| malformed(&format!("{name} is required")))
    }

    /// The body, which must be an object.
    pub(super) fn members(&self) -> MockResult<&Map<String, Value>> {
        self.body
            .as_object()
            .ok_or_else(|| malformed("the body must be a JSON object"))
    }

    /// The phone number of the body, which must be valid.
    pub(super) fn phone(&self) -> MockResult<Option<&str>> {
        match self.text("phoneNumber") {
            Some(phone) if !is_e164(phone) => Err(malformed("phoneNumber is not a phone number")),
            phone => Ok(phone),
        }
    }

    /// The e-mail address of the body, which must be valid.
    pub(super) fn email(&self) -> MockResult<Option<&str>> {
        self.text("email").map(check_email).transpose()
    }

    /// The branch of the body, a string or a number.
    pub(super) fn branch(&self) -> Option<String> {
        match &self.body["branchId"] {
            Value::String(id) if !id.is_empty() => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }

    pub(super) fn send(&self, channel: Channel, to: &str, code: &str) {
        self.send_message(channel, to, code, false);
    }

    /// Sends a link with a code by e-mail.
    pub(super) fn send_link(&self, to: &str, code: &str) {
        self.send_message(Channel::Email, to, code, true);
    }

    fn send_message(&self, channel: Channel, to: &str, code: &str, link: bool) {
        self.outbox.send(Message {
            to: to.to_owned(),
            channel,
            code: code.to_owned(),
            link,
            language: None,
            at: self.now.timestamp_millis(),
        });
    }
}

/// Validates an e-mail address.
pub(super) fn check_email(email: &str) -> MockResult<&str> {
    let well_formed = email.split_once('@').is_some_and(|(name, host)| {
        let printable = |text: &str| !text.is_empty() && !text.contains([' ', '@', '\r', '\n']);
        printable(name) && printable(host)
    });
    match well_formed {
        true => Ok(email),
        false => Err(malformed("email is not an e-mail address")),
    }
}

/// A plus and 7 to 15 digits, the first of which is not 0.
fn is_e164(phone: &str) -> bool {
    let digits = phone.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}
