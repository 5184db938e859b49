//! Signing in by code, by password and by token.

use serde_json::json;

use super::codes::{Claim, Purpose};
use super::exchange::{Outcome, Turn, register_token_invalid};
use super::person::Contact;
use super::registrations::Registration;
use super::responses::{api_error, tell_sent};
use super::seed::FyndSignIn;
use crate::testing::MockResponse;

impl Turn<'_> {
    pub(super) fn login_with_otp(&mut self) -> Outcome {
        self.offered(FyndSignIn::Otp)?;
        let number = self.number("mobile")?;
        let sending = self.send_code(Purpose::SignIn, &number, Claim::Owner);
        let mut body = json!({
            "success": true,
            "verify_mobile_otp": true,
            "verify_email_otp": false,
            "user_exists": self.state.owner(&number).is_some(),
        });
        tell_sent(&mut body, &number, &sending);
        Ok(MockResponse::json(200, body))
    }

    pub(super) fn login_with_password(&mut self) -> Outcome {
        self.offered(FyndSignIn::Password)?;
        let username = Contact::Email(self.needed("username")?);
        let password = self.needed("password")?;
        let owner = self.state.owner(&username);
        let owner = owner.filter(|id| self.has_password(id, &password));
        if let Some(id) = owner {
            let body = json!({"user": self.shown(&id)?});
            return Ok(self.signing_in(&id, body));
        }
        let registrations = &mut self.state.registrations;
        let Some(unfinished) = registrations.by_password(&username, &password) else {
            return Err(api_error(
                400,
                "CREDENTIALS_INVALID",
                "user name or password is wrong",
            ));
        };
        let token = registrations.renew(unfinished, self.now);
        Ok(MockResponse::json(200, json!({"register_token": token})))
    }

    pub(super) fn has_password(&self, user_id: &str, password: &str) -> bool {
        let user = self.state.users.get(user_id);
        user.is_some_and(|user| user.details.password.as_deref() == Some(password))
    }

    pub(super) fn login_with_token(&mut self) -> Outcome {
        let token = self.needed("token")?;
        let id = self
            .state
            .spend_login_token(&token)
            .ok_or_else(|| api_error(400, "TOKEN_INVALID", "the token is not valid"))?;
        let body = json!({"user": self.shown(&id)?});
        Ok(self.signing_in(&id, body))
    }

    pub(super) fn verify_mobile_otp(&mut self) -> Outcome {
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

    pub(super) fn verify_email_otp(&mut self) -> Outcome {
        let (email, code) = (self.email()?, self.text("otp").unwrap_or_default());
        let codes = &self.state.codes;
        if !codes.is_right(Purpose::SignIn, &email, &code, self.now) {
            return Err(code_invalid());
        }
        self.confirm(&email)
    }

    /// Goes on after a right code: with the user who is reached by the contact, or with the
    /// registration that it belongs to.
    fn confirm(&mut self, contact: &Contact) -> Outcome {
        let registration = self.registration()?;
        let newest = self.state.codes.newest(Purpose::SignIn, contact);
        let claim = newest.map_or(Claim::Owner, |sending| sending.claim.clone());
        if let Claim::Registration(id) = claim
            && registration != Some(id)
        {
            return Err(register_token_invalid());
        }
        self.state.codes.burn(Purpose::SignIn, contact);
        match claim {
            Claim::Registration(id) => self.confirm_registration(id, contact),
            Claim::User(id) => self.confirm_change(&id, contact),
            Claim::Owner => match (self.state.owner(contact), registration) {
                (Some(id), _) => self.welcome(&id, contact),
                (None, Some(id)) => self.confirm_registration(id, contact),
                (None, None) => {
                    let mut new = Registration::default();
                    new.confirm(contact);
                    let id = self.state.registrations.begin(new);
                    Ok(self.goes_on(id))
                }
            },
        }
    }

    fn confirm_registration(&mut self, id: u64, contact: &Contact) -> Outcome {
        if let Some(registration) = self.state.registrations.get_mut(id) {
            registration.confirm(contact);
        }
        match self.settle(id)? {
            Some(user_id) => self.welcome(&user_id, contact),
            None => Ok(self.goes_on(id)),
        }
    }

    /// The contact that a user entered in the profile becomes the main one.
    fn confirm_change(&mut self, user_id: &str, contact: &Contact) -> Outcome {
        let user = self.state.users.get_mut(user_id).ok_or_else(code_invalid)?;
        if user.contacts.get(contact).is_none() {
            return Err(code_invalid());
        }
        user.contacts.make_primary(contact);
        self.welcome(user_id, contact)
    }

    fn welcome(&mut self, user_id: &str, contact: &Contact) -> Outcome {
        if let Some(user) = self.state.users.get_mut(user_id) {
            user.contacts.add(contact.clone(), true);
        }
        let body = json!({"user": self.shown(user_id)?, "user_exists": true});
        Ok(self.signing_in(user_id, body))
    }

    /// Nobody is signed in yet: the registration has a next step.
    pub(super) fn goes_on(&mut self, registration: u64) -> MockResponse {
        let token = self.state.registrations.renew(registration, self.now);
        let body = json!({"user_exists": false, "register_token": token});
        MockResponse::json(200, body)
    }
}

pub(super) fn code_invalid() -> MockResponse {
    api_error(400, "OTP_INVALID", "the code is not valid")
}
