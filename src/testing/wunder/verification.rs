//! Proving a phone number, an e-mail address or an identity.

use serde_json::{Value, json};

use super::Wunder;
use super::asked::{Asked, check_email};
use super::errors::{Answered, api_error, malformed, no_such_user};
use super::state::State;
use super::users::burn;
use crate::testing::{Channel, MockResponse};

impl State {
    pub(super) fn send_phone_verification(&mut self, asked: &Asked<'_>) -> Answered {
        let id = self.customer(asked)?;
        let phone = self.users[id].phone().map(|phone| phone.value.clone());
        let no_number = || api_error(400, "U303", "the profile has no phone number");
        let phone = phone.ok_or_else(no_number)?;
        let code = self.next_code();
        asked.send(Channel::Sms, &phone, &code);
        self.users[id].codes.phone_verification = Some(code);
        Ok(MockResponse::empty(204))
    }

    /// A login code is not asked about here, so it is neither right nor burnt.
    pub(super) fn check_phone_verification(&mut self, asked: &Asked<'_>) -> Answered {
        let id = self.customer(asked)?;
        let user = &mut self.users[id];
        if !burn(
            &mut user.codes.phone_verification,
            asked.call.path_value("code"),
        ) {
            return Err(api_error(400, "U302", "the code is not valid"));
        }
        user.verify_phone();
        Ok(MockResponse::empty(204))
    }

    pub(super) fn resend_email_verification(&mut self, asked: &Asked<'_>) -> Answered {
        let email = check_email(asked.call.path_value("email"))?;
        let id = self.users.by_email(email).ok_or_else(no_such_user)?;
        if self.users[id]
            .email()
            .is_some_and(|email| email.is_verified)
        {
            let message = "the e-mail address is verified already";
            return Err(api_error(400, "U402", message));
        }
        self.send_email_verification(id, email, asked);
        Ok(MockResponse::empty(204))
    }

    /// A new session each time.
    pub(super) fn init_verification(&mut self, asked: &Asked<'_>) -> Answered {
        self.customer(asked)?;
        if !asked.call.body.is_empty() && !matches!(asked.body, Value::Object(_)) {
            return Err(malformed("the body is to be a JSON object"));
        }
        let session = self.next_number();
        let url = format!("https://verification.example.org/session/{session}");
        Ok(MockResponse::json(200, json!({"url": url})))
    }
}

impl Wunder {
    /// Opens the link of an e-mail that verifies an address, which is known by its code. Good
    /// once; false if the code is not.
    pub fn open_email_link(&self, code: &str) -> bool {
        let mut state = self.world.state();
        let found = state
            .users
            .find_by(|user| burn(&mut user.codes.email_verification, code));
        found
            .inspect(|id| state.users[*id].verify_email())
            .is_some()
    }

    /// Ends the external verification of a user well, who is named by phone number, e-mail address
    /// or uuid. False if there is no such user.
    pub fn finish_verification(&self, user: &str) -> bool {
        let mut state = self.world.state();
        let found = state.users.find(user);
        found
            .inspect(|id| state.users[*id].has_licence = true)
            .is_some()
    }
}
