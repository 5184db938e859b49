//! Signing in by code, by password and by token.

use serde_json::json;

use super::codes::{CodeSubject, Purpose};
use super::pending_registrations::Registration;
use super::request_context::RequestContext;
use super::responses::{add_sent_code, bad_request, code_invalid, register_token_invalid};
use super::seed::FyndSignIn;
use super::user::Contact;
use crate::testing::{MockResponse, MockResult};

impl RequestContext<'_> {
    pub(super) fn login_with_otp(&mut self) -> MockResult {
        self.check_enabled(FyndSignIn::Otp)?;
        let number = self.number("mobile")?;
        let sent = self.send_code(Purpose::SignIn, &number, CodeSubject::ContactOwner);
        let mut body = json!({
            "success": true,
            "verify_mobile_otp": true,
            "verify_email_otp": false,
            "user_exists": self.state.owner(&number).is_some(),
        });
        add_sent_code(&mut body, &number, &sent);
        Ok(MockResponse::ok(body))
    }

    pub(super) fn login_with_password(&mut self) -> MockResult {
        self.check_enabled(FyndSignIn::Password)?;
        let username = Contact::Email(self.required_text("username")?);
        let password = self.required_text("password")?;
        let owner = self.state.owner(&username);
        let owner = owner.filter(|id| self.has_password(id, &password));
        if let Some(id) = owner {
            let body = json!({"user": self.user_json(&id)?});
            return Ok(self.sign_in_response(&id, body));
        }
        let registrations = &mut self.state.registrations;
        let Some(pending) = registrations.by_password(&username, &password) else {
            let message = "the user name or the password is wrong";
            return Err(bad_request("CREDENTIALS_INVALID", message));
        };
        let token = registrations.issue_token(pending, self.now);
        Ok(MockResponse::ok(json!({"register_token": token})))
    }

    pub(super) fn has_password(&self, user_id: &str, password: &str) -> bool {
        let user = self.state.users.get(user_id);
        user.is_some_and(|user| user.details.password.as_deref() == Some(password))
    }

    pub(super) fn login_with_token(&mut self) -> MockResult {
        let token = self.required_text("token")?;
        let id = self
            .state
            .consume_login_token(&token)
            .ok_or_else(|| bad_request("TOKEN_INVALID", "the token is not valid"))?;
        let body = json!({"user": self.user_json(&id)?});
        Ok(self.sign_in_response(&id, body))
    }

    pub(super) fn verify_mobile_otp(&mut self) -> MockResult {
        let (request_id, code) = (self.text("request_id"), self.text("otp"));
        let number = self
            .state
            .codes
            .by_request(
                Purpose::SignIn,
                &request_id.unwrap_or_default(),
                &code.unwrap_or_default(),
                self.now,
            )
            .ok_or_else(code_invalid)?;
        self.confirm(&number)
    }

    pub(super) fn verify_email_otp(&mut self) -> MockResult {
        let (email, code) = (self.email()?, self.text("otp").unwrap_or_default());
        let codes = &self.state.codes;
        if !codes.is_correct(Purpose::SignIn, &email, &code, self.now) {
            return Err(code_invalid());
        }
        self.confirm(&email)
    }

    /// Handles a correct code: signs in the user with the contact, or continues the registration.
    fn confirm(&mut self, contact: &Contact) -> MockResult {
        let registration = self.registration()?;
        let newest = self.state.codes.newest(Purpose::SignIn, contact);
        let subject = newest.map_or(CodeSubject::ContactOwner, |sent| sent.subject.clone());
        if let CodeSubject::Registration(id) = subject
            && registration != Some(id)
        {
            return Err(register_token_invalid());
        }
        self.state.codes.revoke(Purpose::SignIn, contact);
        match subject {
            CodeSubject::Registration(id) => self.confirm_registration(id, contact),
            CodeSubject::User(id) => self.confirm_change(&id, contact),
            CodeSubject::ContactOwner => match (self.state.owner(contact), registration) {
                (Some(id), _) => self.sign_in_user(&id, contact),
                (None, Some(id)) => self.confirm_registration(id, contact),
                (None, None) if self.signed_in().is_ok() => self.add_confirmed(contact),
                (None, None) => {
                    let mut new = Registration::default();
                    new.confirm(contact);
                    let id = self.state.registrations.add(new);
                    Ok(self.registration_pending(id))
                }
            },
        }
    }

    fn confirm_registration(&mut self, id: u64, contact: &Contact) -> MockResult {
        if let Some(registration) = self.state.registrations.get_mut(id) {
            registration.confirm(contact);
        }
        match self.try_complete(id)? {
            Some(user_id) => self.sign_in_user(&user_id, contact),
            None => Ok(self.registration_pending(id)),
        }
    }

    /// Makes a contact that the user entered in the profile the primary one.
    fn confirm_change(&mut self, user_id: &str, contact: &Contact) -> MockResult {
        let user = self.state.users.get_mut(user_id).ok_or_else(code_invalid)?;
        if user.contacts.get(contact).is_none() {
            return Err(code_invalid());
        }
        user.contacts.make_primary(contact);
        self.sign_in_user(user_id, contact)
    }

    /// Adds a contact that belongs to no user to the profile of the signed-in user.
    fn add_confirmed(&mut self, contact: &Contact) -> MockResult {
        let user_id = self.signed_in()?;
        if let Some(user) = self.user_mut(&user_id) {
            user.contacts.add(contact.clone(), true);
        }
        let body = json!({"user": self.user_json(&user_id)?, "user_exists": true});
        Ok(MockResponse::ok(body))
    }

    fn sign_in_user(&mut self, user_id: &str, contact: &Contact) -> MockResult {
        if let Some(user) = self.state.users.get_mut(user_id) {
            user.contacts.add(contact.clone(), true);
        }
        let body = json!({"user": self.user_json(user_id)?, "user_exists": true});
        if self.signed_in().is_ok_and(|signed_in| signed_in == user_id) {
            return Ok(MockResponse::ok(body));
        }
        Ok(self.sign_in_response(user_id, body))
    }

    /// The response when a registration has further steps.
    pub(super) fn registration_pending(&mut self, registration: u64) -> MockResponse {
        let token = self.state.registrations.issue_token(registration, self.now);
        let body = json!({"user_exists": false, "register_token": token});
        MockResponse::ok(body)
    }
}
