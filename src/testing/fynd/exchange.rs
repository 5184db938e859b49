//! One request in its place and time, and what every room asks of it.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::codes::{Claim, Purpose, Sending};
use super::person::{Contact, Details, Number};
use super::responses::{api_error, not_signed_in, user};
use super::seed::FyndSignIn;
use super::state::{SESSION, State};
use crate::testing::{Call, Message, MockResponse, Outbox};

/// The server decides how its cookie is called, and a client must not care.
pub(super) const COOKIE: &str = "mock.sid";

/// An answer, or the refusal that ends the turn early.
pub(super) type Outcome<T = MockResponse> = Result<T, MockResponse>;

/// A request whose application is known.
pub(super) struct Turn<'a> {
    pub(super) state: &'a mut State,
    pub(super) outbox: &'a Outbox,
    pub(super) call: &'a Call<'a>,
    pub(super) application_id: String,
    pub(super) body: Value,
    pub(super) now: DateTime<Utc>,
}

impl Turn<'_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text(&self.body, name)
    }

    /// A member that the call cannot do without.
    pub(super) fn needed(&self, name: &str) -> Outcome<String> {
        self.text(name)
            .ok_or_else(|| api_error(400, "FIELD_MISSING", &format!("{name} is needed")))
    }

    /// The number in `object`, which calls the part without country code `phone`.
    pub(super) fn number_in(&self, object: &Value, phone: &str) -> Outcome<Contact> {
        number(text(object, "country_code"), text(object, phone))
    }

    pub(super) fn number(&self, phone: &str) -> Outcome<Contact> {
        self.number_in(&self.body, phone)
    }

    pub(super) fn email(&self) -> Outcome<Contact> {
        email(self.text("email"))
    }

    /// The address of the body, if there is one.
    pub(super) fn optional_email(&self) -> Outcome<Option<Contact>> {
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

    /// The value of the session's cookie.
    pub(super) fn cookie(&self) -> Option<&str> {
        let pairs = self.call.header("cookie")?.split(';');
        pairs.map(str::trim).find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            (name == COOKIE).then_some(value)
        })
    }

    /// The id of the user of the cookie.
    pub(super) fn signed_in(&self) -> Outcome<String> {
        self.cookie()
            .and_then(|cookie| self.state.signed_in(cookie, self.now))
            .ok_or_else(not_signed_in)
    }

    /// A user as the answers show one.
    pub(super) fn shown(&self, user_id: &str) -> Outcome<Value> {
        let known = self.state.users.get(user_id).ok_or_else(not_signed_in)?;
        Ok(user(&self.application_id, known))
    }

    /// An answer that signs a user in.
    pub(super) fn signing_in(&mut self, user_id: &str, body: Value) -> MockResponse {
        let value = self.state.sign_in(user_id, self.now);
        let seconds = SESSION.num_seconds();
        let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
        MockResponse::json(200, body).header("set-cookie", cookie)
    }

    /// Refuses a way to sign in that is switched off.
    pub(super) fn offered(&self, way: FyndSignIn) -> Outcome<()> {
        if self.state.rules.off.contains(&way) {
            return Err(api_error(
                400,
                "SIGN_IN_OFF",
                "the sales channel does not offer this way to sign in",
            ));
        }
        Ok(())
    }

    /// Refuses a contact that somebody has.
    pub(super) fn free(&self, contact: &Contact) -> Outcome<()> {
        match self.state.owner(contact) {
            Some(_) => Err(api_error(
                400,
                "CONTACT_TAKEN",
                "the contact belongs to a user already",
            )),
            None => Ok(()),
        }
    }

    /// The id of the registration whose token the body has; nothing without a token.
    pub(super) fn registration(&self) -> Outcome<Option<u64>> {
        let Some(token) = self.text("register_token") else {
            return Ok(None);
        };
        let id = self.state.registrations.id(&token, self.now);
        id.map(Some).ok_or_else(register_token_invalid)
    }

    /// Sends a code; what was sent before for this purpose is void.
    pub(super) fn send_code(
        &mut self,
        purpose: Purpose,
        contact: &Contact,
        claim: Claim,
    ) -> Sending {
        let sending = self.state.codes.send(purpose, contact, claim, self.now);
        self.send(contact, &sending.code);
        sending
    }

    pub(super) fn send(&self, contact: &Contact, code: &str) {
        self.outbox.send(Message {
            to: contact.address(),
            channel: contact.channel(),
            code: code.to_owned(),
            at: self.now.timestamp_millis(),
        });
    }
}

pub(super) fn register_token_invalid() -> MockResponse {
    api_error(400, "REGISTER_TOKEN_INVALID", "the token is not valid")
}

/// A member that is a text and not empty.
pub(super) fn text(object: &Value, name: &str) -> Option<String> {
    let text = object[name].as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn number(country_code: Option<String>, mobile: Option<String>) -> Outcome<Contact> {
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
        _ => Err(api_error(
            400,
            "NUMBER_INVALID",
            "a number and its country_code must be digits",
        )),
    }
}

pub(super) fn email(text: Option<String>) -> Outcome<Contact> {
    text.filter(|text| {
        let parts = text.split_once('@');
        parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
            && !text.contains(char::is_whitespace)
    })
    .map(Contact::Email)
    .ok_or_else(|| api_error(400, "EMAIL_INVALID", "email must be an address"))
}
