//! Passwords: their rules, and a new one by a code.

use super::Wunder;
use super::asked::{Asked, check_email};
use super::errors::{Answered, api_error, wrong_secret};
use super::state::State;
use super::users::burn;
use crate::testing::{Channel, MockResponse};

/// What a password has to obey.
pub(super) struct PasswordRules {
    shortest: usize,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { shortest: 8 }
    }
}

impl PasswordRules {
    pub(super) fn check(&self, password: &str, email: Option<&str>) -> Result<(), MockResponse> {
        if password.chars().count() < self.shortest {
            return Err(api_error(400, "U101.1", "the password is too short"));
        }
        if email.is_some_and(|email| email.eq_ignore_ascii_case(password)) {
            return Err(api_error(
                400,
                "U101.2",
                "the password is the e-mail address",
            ));
        }
        Ok(())
    }
}

impl State {
    /// Does not tell whether the address is known.
    pub(super) fn request_password_reset(&mut self, asked: &Asked<'_>) -> Answered {
        let email = check_email(asked.call.path_value("email"))?;
        if let Some(id) = self.users.by_email(email) {
            let code = self.next_code();
            asked.send(Channel::Email, email, &code);
            self.users[id].codes.password_reset = Some(code);
        }
        Ok(MockResponse::empty(204))
    }

    /// A password that breaks the rules does not burn the code: the user may choose another.
    pub(super) fn set_password(&mut self, asked: &Asked<'_>) -> Answered {
        let password = asked.needed("password")?;
        let code = asked.call.path_value("code");
        let holds = |expected: &Option<String>| expected.as_deref() == Some(code);
        let found = self.users.find_by(|user| holds(&user.codes.password_reset));
        let user = &mut self.users[found.ok_or_else(wrong_secret)?];
        let email = user.email().map(|email| email.value.as_str());
        self.password_rules.check(password, email)?;
        burn(&mut user.codes.password_reset, code);
        user.password = Some(password.to_owned());
        // Who has the code reads the mailbox.
        user.verify_email();
        Ok(MockResponse::empty(200))
    }
}

impl Wunder {
    /// How many characters a new password needs; 8 by default. It must not be the e-mail address
    /// of the user either.
    pub fn set_shortest_password(&self, characters: usize) {
        self.world.state().password_rules.shortest = characters;
    }
}
