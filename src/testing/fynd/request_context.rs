//! A request with the state of the mock, and the checks that several operations share.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::codes::{CodeSubject, Purpose, SentCode};
use super::responses::{bad_request, not_signed_in, register_token_invalid, user};
use super::seed::FyndSignIn;
use super::state::{SESSION_LIFETIME, State};
use super::user::{Contact, Details, Number, User};
use crate::testing::{Call, Message, MockResponse, MockResult, Outbox};

/// The name of the session cookie. It is arbitrary: clients must accept any name.
pub(super) const COOKIE: &str = "mock.sid";

/// A request with a valid application credential.
pub(super) struct RequestContext<'a> {
    pub(super) state: &'a mut State,
    pub(super) outbox: &'a Outbox,
    pub(super) call: &'a Call<'a>,
    pub(super) application_id: String,
    pub(super) body: Value,
    pub(super) now: DateTime<Utc>,
}

impl RequestContext<'_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text(&self.body, name)
    }

    /// A required string of the body.
    pub(super) fn required_text(&self, name: &str) -> MockResult<String> {
        self.text(name)
            .ok_or_else(|| bad_request("FIELD_MISSING", &format!("{name} is required")))
    }

    /// The number in `object`, whose part without country code is the member `phone`.
    pub(super) fn number_in(&self, object: &Value, phone: &str) -> MockResult<Contact> {
        number(text(object, "country_code"), text(object, phone))
    }

    pub(super) fn number(&self, phone: &str) -> MockResult<Contact> {
        self.number_in(&self.body, phone)
    }

    pub(super) fn email(&self) -> MockResult<Contact> {
        email(self.text("email"))
    }

    /// The e-mail address of the body, if there is one.
    pub(super) fn optional_email(&self) -> MockResult<Option<Contact>> {
        self.text("email").map(|text| email(Some(text))).transpose()
    }

    pub(super) fn details(&self) -> Details {
        Details {
            first_name: self.text("first_name"),
            last_name: self.text("last_name"),
            gender: self.text("gender"),
            date_of_birth: self.text("dob"),
            picture: self.text("profile_pic_url"),
            password: self.text("password"),
        }
    }

    /// The value of the session cookie.
    pub(super) fn cookie(&self) -> Option<&str> {
        let pairs = self.call.header("cookie")?.split(';');
        pairs.map(str::trim).find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            (name == COOKIE).then_some(value)
        })
    }

    /// The id of the signed-in user.
    pub(super) fn signed_in(&self) -> MockResult<String> {
        self.cookie()
            .and_then(|cookie| self.state.signed_in(cookie, self.now))
            .ok_or_else(not_signed_in)
    }

    /// A user as a member of a response.
    pub(super) fn user_json(&self, user_id: &str) -> MockResult<Value> {
        let known = self.state.users.get(user_id).ok_or_else(not_signed_in)?;
        Ok(user(&self.application_id, known))
    }

    /// A user to change; updates `updated_at`.
    pub(super) fn user_mut(&mut self, user_id: &str) -> Option<&mut User> {
        let user = self.state.users.get_mut(user_id)?;
        user.updated_at = self.now;
        Some(user)
    }

    /// A response that signs a user in.
    pub(super) fn sign_in_response(&mut self, user_id: &str, body: Value) -> MockResponse {
        let value = self.state.sign_in(user_id, self.now);
        let seconds = SESSION_LIFETIME.num_seconds();
        let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
        MockResponse::ok(body).header("set-cookie", cookie)
    }

    /// Rejects a way to sign in that is switched off.
    pub(super) fn check_enabled(&self, way: FyndSignIn) -> MockResult<()> {
        if self.state.rules.disabled.contains(&way) {
            let message = "the sales channel does not offer this way to sign in";
            return Err(bad_request("SIGN_IN_OFF", message));
        }
        Ok(())
    }

    /// Rejects a contact that belongs to a user.
    pub(super) fn check_available(&self, contact: &Contact) -> MockResult<()> {
        match self.state.owner(contact) {
            Some(_) => Err(bad_request(
                "CONTACT_TAKEN",
                "the contact already belongs to a user",
            )),
            None => Ok(()),
        }
    }

    /// The id of the registration whose token the body contains; `None` without a token.
    pub(super) fn registration(&self) -> MockResult<Option<u64>> {
        let Some(token) = self.text("register_token") else {
            return Ok(None);
        };
        let id = self.state.registrations.id(&token, self.now);
        id.map(Some).ok_or_else(register_token_invalid)
    }

    /// Sends a code, which invalidates the previous one for this purpose and contact.
    pub(super) fn send_code(
        &mut self,
        purpose: Purpose,
        contact: &Contact,
        subject: CodeSubject,
    ) -> SentCode {
        let sent = self.state.codes.send(purpose, contact, subject, self.now);
        self.send(contact, &sent.code, false);
        sent
    }

    /// Sends a message with a code, or with a link that has it.
    pub(super) fn send(&self, contact: &Contact, code: &str, link: bool) {
        self.outbox.send(Message {
            to: contact.address(),
            channel: contact.channel(),
            code: code.to_owned(),
            link,
            language: None,
            at: self.now.timestamp_millis(),
        });
    }
}

/// A string member, if it is not empty.
pub(super) fn text(object: &Value, name: &str) -> Option<String> {
    let text = object[name].as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn number(country_code: Option<String>, mobile: Option<String>) -> MockResult<Contact> {
    let digits = |text: Option<String>, lengths: std::ops::RangeInclusive<usize>| {
        text.filter(|text| {
            lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    match (digits(country_code, 1..=3), digits(mobile, 4..=15)) {
        (Some(country_code), Some(mobile)) => Ok(Contact::Mobile(Number {
            country_code,
            mobile,
        })),
        _ => Err(bad_request(
            "NUMBER_INVALID",
            "a number and its country_code must be digits",
        )),
    }
}

pub(super) fn email(text: Option<String>) -> MockResult<Contact> {
    text.filter(|text| {
        let parts = text.split_once('@');
        parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
            && !text.contains(char::is_whitespace)
    })
    .map(Contact::Email)
    .ok_or_else(|| bad_request("EMAIL_INVALID", "email must be an e-mail address"))
}
