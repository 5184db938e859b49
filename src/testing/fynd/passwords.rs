//! Setting, changing and recovering a password.

use serde_json::json;

use super::codes::Aim;
use super::contacts::link_invalid;
use super::exchange::{Outcome, Turn};
use super::person::Contact;
use super::responses::{api_error, not_signed_in};
use crate::testing::MockResponse;

impl Turn<'_> {
    pub(super) fn send_reset_link(&mut self, contact: &Contact) -> Outcome {
        let user_id = self.known(contact)?;
        self.send_link(Aim::Reset, contact, &user_id);
        Ok(MockResponse::json(200, json!({"status": "sent"})))
    }

    /// The code stays good: the password is still to come.
    pub(super) fn check_reset_code(&mut self) -> Outcome {
        let code = self.needed("code")?;
        let link = self.state.links.check(Aim::Reset, &code, self.now);
        link.ok_or_else(link_invalid)?;
        Ok(MockResponse::json(200, json!({"status": "verified"})))
    }

    pub(super) fn set_password_by_link(&mut self) -> Outcome {
        let (code, password) = (self.needed("code")?, self.needed("password")?);
        let link = self.state.links.check(Aim::Reset, &code, self.now);
        let (user_id, _) = link.ok_or_else(link_invalid)?;
        self.state.links.burn(&code);
        self.set_password(&user_id, password)
            .ok_or_else(link_invalid)?;
        let body = json!({"user": self.shown(&user_id)?});
        Ok(self.signing_in(&user_id, body))
    }

    pub(super) fn set_password_by_token(&mut self) -> Outcome {
        let (token, password) = (self.needed("code")?, self.needed("password")?);
        let invalid = || api_error(400, "FORGOT_TOKEN_INVALID", "the token is not valid");
        let user_id = self.state.forgot_tokens.spend(&token, self.now);
        let user_id = user_id.ok_or_else(invalid)?;
        self.set_password(&user_id, password).ok_or_else(invalid)?;
        Ok(MockResponse::json(200, json!({"success": true})))
    }

    pub(super) fn has_password_set(&mut self) -> Outcome {
        let user_id = self.signed_in()?;
        let user = self.state.users.get(&user_id).ok_or_else(not_signed_in)?;
        let result = u8::from(user.details.password.is_some());
        Ok(MockResponse::json(200, json!({"result": result})))
    }

    pub(super) fn update_password(&mut self) -> Outcome {
        let user_id = self.signed_in()?;
        let (old, new) = (self.needed("old_password")?, self.needed("new_password")?);
        if !self.has_password(&user_id, &old) {
            return Err(api_error(
                400,
                "PASSWORD_WRONG",
                "the present password is another one",
            ));
        }
        self.set_password(&user_id, new).ok_or_else(not_signed_in)?;
        Ok(MockResponse::json(200, json!({"message": "success"})))
    }

    /// Nothing if the user is gone.
    fn set_password(&mut self, user_id: &str, password: String) -> Option<()> {
        let user = self.state.users.get_mut(user_id)?;
        user.details.password = Some(password);
        user.updated_at = self.now;
        Some(())
    }
}
