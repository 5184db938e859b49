//! Password rules, and resetting a password by a code.

use super::errors::{api_error, wrong_secret};
use super::request::{Request, check_email};
use super::users::{User, consume_code};
use super::{State, Wunder};
use crate::testing::{Channel, MockResponse, MockResult};

/// The rules for new passwords.
pub(super) struct PasswordRules {
    min_length: usize,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { min_length: 8 }
    }
}

impl PasswordRules {
    pub(super) fn check(&self, password: &str, email: Option<&str>) -> MockResult<()> {
        if password.chars().count() < self.min_length {
            return Err(api_error(400, "U101.1", "the password is too short"));
        }
        if email.is_some_and(|email| email.eq_ignore_ascii_case(password)) {
            let message = "the password is the e-mail address";
            return Err(api_error(400, "U101.2", message));
        }
        Ok(())
    }
}

impl State {
    /// The response does not reveal whether the address is known.
    pub(super) fn request_password_reset(&mut self, request: &Request<'_>) -> MockResult {
        let email = check_email(request.call.path_value("email"))?;
        if let Some(id) = self.users.by_email(email) {
            let code = self.next_code();
            request.send(Channel::Email, email, &code);
            self.users[id].codes.password_reset = Some(code);
        }
        Ok(MockResponse::empty(204))
    }

    /// A password that violates the rules does not use up the code, so that the user can try another.
    pub(super) fn set_password(&mut self, request: &Request<'_>) -> MockResult {
        let password = request.required_text("password")?;
        let code = request.call.path_value("code");
        let has_code = |user: &mut User| user.codes.password_reset.as_deref() == Some(code);
        let found = self.users.find_by(has_code);
        let user = &mut self.users[found.ok_or_else(wrong_secret)?];
        let email = user.email().map(|email| email.value.as_str());
        self.password_rules.check(password, email)?;
        consume_code(&mut user.codes.password_reset, code);
        user.password = Some(password.to_owned());
        // The code proves that the user can read the mailbox.
        user.verify_email();
        Ok(MockResponse::empty(200))
    }
}

impl Wunder {
    /// Sets the minimum number of characters of a new password; 8 by default. Independently of it, a
    /// password must differ from the e-mail address of the user.
    pub fn set_min_password_length(&self, characters: usize) {
        self.shared.state().password_rules.min_length = characters;
    }
}
