//! Verification of a phone number, an e-mail address or an identity.

use serde_json::{Value, json};

use super::errors::{api_error, malformed, no_such_user};
use super::request::{Request, check_email};
use super::users::{User, consume_code};
use super::{State, Wunder};
use crate::testing::{Channel, MockResponse, MockResult};

impl State {
    pub(super) fn send_phone_verification(&mut self, request: &Request<'_>) -> MockResult {
        let id = self.customer(request)?;
        let phone = self.users[id].phone().map(|phone| phone.value.clone());
        let no_number = || api_error(400, "U303", "the profile has no phone number");
        let phone = phone.ok_or_else(no_number)?;
        let code = self.next_code();
        request.send(Channel::Sms, &phone, &code);
        self.users[id].codes.phone_verification = Some(code);
        Ok(MockResponse::empty(204))
    }

    /// A login code is neither accepted nor used up here.
    pub(super) fn check_phone_verification(&mut self, request: &Request<'_>) -> MockResult {
        let id = self.customer(request)?;
        let user = &mut self.users[id];
        if !consume_code(
            &mut user.codes.phone_verification,
            request.call.path_value("code"),
        ) {
            return Err(api_error(400, "U302", "the code is not valid"));
        }
        user.verify_phone();
        Ok(MockResponse::empty(204))
    }

    pub(super) fn resend_email_verification(&mut self, request: &Request<'_>) -> MockResult {
        let email = check_email(request.call.path_value("email"))?;
        let id = self.users.by_email(email).ok_or_else(no_such_user)?;
        if self.users[id]
            .email()
            .is_some_and(|email| email.is_verified)
        {
            let message = "the e-mail address is verified already";
            return Err(api_error(400, "U402", message));
        }
        self.send_email_verification(id, email, request);
        Ok(MockResponse::empty(204))
    }

    /// Whether the link with this code was valid; it is used up then.
    pub(super) fn open_email_link(&mut self, code: &str) -> bool {
        let has_code = |user: &mut User| consume_code(&mut user.codes.email_verification, code);
        let found = self.users.find_by(has_code);
        found.inspect(|id| self.users[*id].verify_email()).is_some()
    }

    pub(super) fn init_verification(&mut self, request: &Request<'_>) -> MockResult {
        self.customer(request)?;
        if !request.call.body.is_empty() && !matches!(request.body, Value::Object(_)) {
            return Err(malformed("the body must be a JSON object"));
        }
        let session = self.next_number();
        let url = format!("https://verification.example.org/session/{session}");
        Ok(MockResponse::ok(json!({"url": url})))
    }
}

impl Wunder {
    /// Opens the link of a verification e-mail, identified by its code. Returns false if the code is
    /// invalid or was used before.
    pub fn open_email_link(&self, code: &str) -> bool {
        self.shared.state().open_email_link(code)
    }

    /// Completes the external verification of a user. Returns false if the user does not exist.
    pub fn finish_verification(&self, user: &str) -> bool {
        self.update_user(user, |user| user.has_licence = true)
    }
}
