//! Sending and resending codes, and the codes for a forgotten password.

use chrono::TimeDelta;
use serde_json::json;

use super::codes::{CodeSubject, Purpose, RESEND_SECONDS, SentCode};
use super::request_context::RequestContext;
use super::responses::{add_sent_code, bad_request, code_invalid};
use super::user::Contact;
use crate::testing::{MockResponse, MockResult};

impl RequestContext<'_> {
    pub(super) fn send_otp_on_mobile(&mut self) -> MockResult {
        let number = self.number("mobile")?;
        let sent = self.send_or_resend(Purpose::SignIn, &number)?;
        Ok(mobile_sent(&number, &sent))
    }

    pub(super) fn send_otp_on_email(&mut self) -> MockResult {
        let email = self.email()?;
        let registration = self.registration()?;
        if registration.is_some() {
            self.check_available(&email)?;
        }
        let sent = self.send_or_resend(Purpose::SignIn, &email)?;
        let Some(id) = registration else {
            return Ok(email_sent(&sent));
        };
        self.state
            .codes
            .set_subject(Purpose::SignIn, &email, CodeSubject::Registration(id));
        if let Some(registration) = self.state.registrations.get_mut(id)
            && !registration.is_confirmed(&email)
        {
            registration.set_contact(&email, true);
        }
        Ok(email_sent(&sent))
    }

    pub(super) fn send_forgot_otp_on_mobile(&mut self) -> MockResult {
        let number = self.number("mobile")?;
        self.user_of(&number)?;
        let sent = self.send_or_resend(Purpose::ForgotPassword, &number)?;
        Ok(mobile_sent(&number, &sent))
    }

    pub(super) fn send_forgot_otp_on_email(&mut self) -> MockResult {
        let email = self.email()?;
        self.user_of(&email)?;
        let sent = self.send_or_resend(Purpose::ForgotPassword, &email)?;
        Ok(email_sent(&sent))
    }

    pub(super) fn verify_mobile_forgot_otp(&mut self) -> MockResult {
        let (request_id, code) = (self.text("request_id"), self.text("otp"));
        let number = self
            .state
            .codes
            .by_request(
                Purpose::ForgotPassword,
                &request_id.unwrap_or_default(),
                &code.unwrap_or_default(),
                self.now,
            )
            .ok_or_else(code_invalid)?;
        self.issue_forgot_token(&number)
    }

    pub(super) fn verify_email_forgot_otp(&mut self) -> MockResult {
        let (email, code) = (self.email()?, self.text("otp").unwrap_or_default());
        let codes = &self.state.codes;
        if !codes.is_correct(Purpose::ForgotPassword, &email, &code, self.now) {
            return Err(code_invalid());
        }
        self.issue_forgot_token(&email)
    }

    /// Exchanges a correct code for a token that sets a password.
    fn issue_forgot_token(&mut self, contact: &Contact) -> MockResult {
        let user_id = self.user_of(contact)?;
        self.state.codes.revoke(Purpose::ForgotPassword, contact);
        let token = self.state.forgot_tokens.issue(user_id, self.now);
        let body = json!({"success": true, "forgot_token": token});
        Ok(MockResponse::ok(body))
    }

    /// The id of the user with a contact.
    pub(super) fn user_of(&self, contact: &Contact) -> MockResult<String> {
        self.state
            .owner(contact)
            .ok_or_else(|| bad_request("USER_UNKNOWN", "no user has this contact"))
    }

    /// Sends or resends a code, as `action` says. A resend requires the resend token of any message since
    /// the last code was used, and an expired timer. The subject of the previous code is kept while it
    /// exists.
    fn send_or_resend(&mut self, purpose: Purpose, contact: &Contact) -> MockResult<SentCode> {
        let newest = self.state.codes.newest(purpose, contact);
        match self.text("action").as_deref() {
            Some("send") | None => {}
            Some("resend") => {
                let token = self.text("token").unwrap_or_default();
                let newest = newest
                    .filter(|newest| newest.may_be_resent_by(&token))
                    .ok_or_else(|| bad_request("RESEND_TOKEN_INVALID", "the token is not valid"))?;
                if self.now - newest.at < TimeDelta::seconds(RESEND_SECONDS) {
                    return Err(bad_request("RESEND_TOO_EARLY", "wait before a resend"));
                }
            }
            Some(_) => return Err(bad_request("ACTION_UNKNOWN", "the action is unknown")),
        }
        let subject = match newest.map(|newest| &newest.subject) {
            Some(CodeSubject::User(id)) if self.state.users.contains_key(id) => {
                CodeSubject::User(id.clone())
            }
            Some(CodeSubject::Registration(id))
                if self.state.registrations.is_pending(*id, self.now) =>
            {
                CodeSubject::Registration(*id)
            }
            _ => CodeSubject::ContactOwner,
        };
        Ok(self.send_code(purpose, contact, subject))
    }
}

fn mobile_sent(number: &Contact, sent: &SentCode) -> MockResponse {
    let mut body = json!({"success": true});
    add_sent_code(&mut body, number, sent);
    MockResponse::ok(body)
}

fn email_sent(sent: &SentCode) -> MockResponse {
    let body = json!({"success": true, "resend_email_token": sent.resend_token});
    MockResponse::ok(body)
}
