//! Sending codes, for the first time and anew.

use chrono::TimeDelta;
use serde_json::json;

use super::codes::{Claim, Purpose, RESEND_SECONDS, Sending};
use super::exchange::{Outcome, Turn};
use super::person::Contact;
use super::responses::{api_error, tell_sent};
use super::sign_in::code_invalid;
use crate::testing::MockResponse;

impl Turn<'_> {
    pub(super) fn send_otp_on_mobile(&mut self) -> Outcome {
        let number = self.number("mobile")?;
        let sending = self.send_for(Purpose::SignIn, &number)?;
        Ok(mobile_sent(&number, &sending))
    }

    pub(super) fn send_otp_on_email(&mut self) -> Outcome {
        let email = self.email()?;
        let registration = self.registration()?;
        if registration.is_some() {
            self.free(&email)?;
        }
        let sending = self.send_for(Purpose::SignIn, &email)?;
        let Some(id) = registration else {
            return Ok(email_sent(&sending));
        };
        self.state
            .codes
            .reclaim(Purpose::SignIn, &email, Claim::Registration(id));
        if let Some(registration) = self.state.registrations.get_mut(id)
            && !registration.is_confirmed(&email)
        {
            registration.claim(&email, true);
        }
        Ok(email_sent(&sending))
    }

    pub(super) fn send_forgot_otp_on_mobile(&mut self) -> Outcome {
        let number = self.number("mobile")?;
        self.known(&number)?;
        let sending = self.send_for(Purpose::Forgot, &number)?;
        Ok(mobile_sent(&number, &sending))
    }

    pub(super) fn send_forgot_otp_on_email(&mut self) -> Outcome {
        let email = self.email()?;
        self.known(&email)?;
        let sending = self.send_for(Purpose::Forgot, &email)?;
        Ok(email_sent(&sending))
    }

    pub(super) fn verify_mobile_forgot_otp(&mut self) -> Outcome {
        let (request_id, code) = (self.text("request_id"), self.text("otp"));
        let number = self
            .state
            .codes
            .by_request(
                Purpose::Forgot,
                &request_id.unwrap_or_default(),
                &code.unwrap_or_default(),
                self.now,
            )
            .ok_or_else(code_invalid)?;
        self.entitle(&number)
    }

    pub(super) fn verify_email_forgot_otp(&mut self) -> Outcome {
        let (email, code) = (self.email()?, self.text("otp").unwrap_or_default());
        let codes = &self.state.codes;
        if !codes.is_right(Purpose::Forgot, &email, &code, self.now) {
            return Err(code_invalid());
        }
        self.entitle(&email)
    }

    /// Exchanges a right code for the token that sets a password.
    fn entitle(&mut self, contact: &Contact) -> Outcome {
        let user_id = self.known(contact)?;
        self.state.codes.burn(Purpose::Forgot, contact);
        let token = self.state.forgot_tokens.issue(user_id, self.now);
        let body = json!({"success": true, "forgot_token": token});
        Ok(MockResponse::json(200, body))
    }

    /// The id of the user who is reached by a contact.
    pub(super) fn known(&self, contact: &Contact) -> Outcome<String> {
        self.state
            .owner(contact)
            .ok_or_else(|| api_error(400, "USER_UNKNOWN", "no user has this contact"))
    }

    /// Sends as `action` says. A resend needs the newest token, and that the timer has ended. For
    /// whom the code counts stays as it was, while that user or registration is there.
    fn send_for(&mut self, purpose: Purpose, contact: &Contact) -> Outcome<Sending> {
        let newest = self.state.codes.newest(purpose, contact);
        match self.text("action").as_deref() {
            Some("send") | None => {}
            Some("resend") => {
                let token = self.text("token");
                let newest = newest
                    .filter(|newest| token.as_ref() == Some(&newest.resend_token))
                    .ok_or_else(|| {
                        api_error(400, "RESEND_TOKEN_INVALID", "the token is not valid")
                    })?;
                if self.now - newest.at < TimeDelta::seconds(RESEND_SECONDS) {
                    return Err(api_error(400, "RESEND_TOO_EARLY", "wait before a resend"));
                }
            }
            Some(_) => return Err(api_error(400, "ACTION_UNKNOWN", "no such action")),
        }
        let claim = match newest.map(|newest| &newest.claim) {
            Some(Claim::User(id)) if self.state.users.contains_key(id) => Claim::User(id.clone()),
            Some(Claim::Registration(id)) if self.state.registrations.waits(*id, self.now) => {
                Claim::Registration(*id)
            }
            _ => Claim::Owner,
        };
        Ok(self.send_code(purpose, contact, claim))
    }
}

fn mobile_sent(number: &Contact, sending: &Sending) -> MockResponse {
    let mut body = json!({"success": true});
    tell_sent(&mut body, number, sending);
    MockResponse::json(200, body)
}

fn email_sent(sending: &Sending) -> MockResponse {
    let body = json!({"success": true, "resend_email_token": sending.resend_token});
    MockResponse::json(200, body)
}
