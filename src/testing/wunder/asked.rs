//! A call with what every answer to it needs.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::errors::malformed;
use crate::testing::{Call, Channel, Message, MockResponse, Outbox};
use crate::wunder::check_phone;

/// A call in its time, with the place where messages go.
pub(super) struct Asked<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) body: Value,
    pub(super) now: DateTime<Utc>,
    outbox: &'a Outbox,
}

impl<'a> Asked<'a> {
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

    /// A text of the body that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.body[name].as_str().filter(|text| !text.is_empty())
    }

    /// The same, where the operation can not do without it.
    pub(super) fn needed(&self, name: &str) -> Result<&str, MockResponse> {
        self.text(name)
            .ok_or_else(|| malformed(&format!("{name} is needed")))
    }

    /// The body, which has to be an object.
    pub(super) fn members(&self) -> Result<&Map<String, Value>, MockResponse> {
        self.body
            .as_object()
            .ok_or_else(|| malformed("a JSON object is needed"))
    }

    /// A phone number of the body; refused if it is none.
    pub(super) fn phone(&self) -> Result<Option<&str>, MockResponse> {
        match self.text("phoneNumber") {
            Some(phone) if check_phone(phone).is_err() => {
                Err(malformed("phoneNumber is no number"))
            }
            phone => Ok(phone),
        }
    }

    /// An e-mail address of the body; refused if it is none.
    pub(super) fn email(&self) -> Result<Option<&str>, MockResponse> {
        self.text("email").map(check_email).transpose()
    }

    /// The branch of the body, a text or a number.
    pub(super) fn branch(&self) -> Option<String> {
        match &self.body["branchId"] {
            Value::String(id) if !id.is_empty() => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }

    pub(super) fn send(&self, channel: Channel, to: &str, code: &str) {
        self.outbox.send(Message {
            to: to.to_owned(),
            channel,
            code: code.to_owned(),
            at: self.now.timestamp_millis(),
        });
    }
}

/// The address, if it could be one.
pub(super) fn check_email(email: &str) -> Result<&str, MockResponse> {
    let well_formed = email.split_once('@').is_some_and(|(name, host)| {
        let printable = |text: &str| !text.is_empty() && !text.contains([' ', '@', '\r', '\n']);
        printable(name) && printable(host)
    });
    match well_formed {
        true => Ok(email),
        false => Err(malformed("email is no address")),
    }
}
