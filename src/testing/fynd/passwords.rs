//! Setting, changing and resetting a password.

use serde_json::json;

use super::codes::LinkPurpose;
use super::request_context::RequestContext;
use super::responses::{bad_request, link_invalid, not_signed_in};
use super::user::Contact;
use crate::testing::{MockResponse, MockResult};

impl RequestContext<'_> {
    pub(super) fn send_reset_link(&mut self, contact: &Contact) -> MockResult {
        let user_id = self.user_of(contact)?;
        self.send_link(LinkPurpose::ResetPassword, contact, &user_id);
        let status = match contact {
            Contact::Mobile(_) => "sent",
            Contact::Email(_) => "success",
        };
        Ok(MockResponse::ok(json!({"status": status})))
    }

    /// Does not use up the code, which the next call needs to set the password.
    pub(super) fn check_reset_code(&mut self) -> MockResult {
        let code = self.required_text("code")?;
        let link = self
            .state
            .links
            .check(LinkPurpose::ResetPassword, &code, self.now);
        link.ok_or_else(link_invalid)?;
        Ok(MockResponse::ok(json!({"status": "verified"})))
    }

    pub(super) fn set_password_by_link(&mut self) -> MockResult {
        let (code, password) = (self.required_text("code")?, self.required_text("password")?);
        let link = self
            .state
            .links
            .check(LinkPurpose::ResetPassword, &code, self.now);
        let (user_id, _) = link.ok_or_else(link_invalid)?;
        self.state.links.revoke(&code);
        self.set_password(&user_id, password)
            .ok_or_else(link_invalid)?;
        let body = json!({"user": self.user_json(&user_id)?});
        Ok(self.sign_in_response(&user_id, body))
    }

    pub(super) fn set_password_by_token(&mut self) -> MockResult {
        let (token, password) = (self.required_text("code")?, self.required_text("password")?);
        let invalid = || bad_request("FORGOT_TOKEN_INVALID", "the token is not valid");
        let user_id = self.state.forgot_tokens.consume(&token, self.now);
        let user_id = user_id.ok_or_else(invalid)?;
        self.set_password(&user_id, password).ok_or_else(invalid)?;
        Ok(MockResponse::ok(json!({"success": true})))
    }

    pub(super) fn has_password_set(&mut self) -> MockResult {
        let user_id = self.signed_in()?;
        let user = self.state.users.get(&user_id).ok_or_else(not_signed_in)?;
        let result = u8::from(user.details.password.is_some());
        Ok(MockResponse::ok(json!({"result": result})))
    }

    pub(super) fn update_password(&mut self) -> MockResult {
        let user_id = self.signed_in()?;
        let (old, new) = (
            self.required_text("old_password")?,
            self.required_text("new_password")?,
        );
        if !self.has_password(&user_id, &old) {
            let message = "the current password is wrong";
            return Err(bad_request("PASSWORD_WRONG", message));
        }
        self.set_password(&user_id, new).ok_or_else(not_signed_in)?;
        Ok(MockResponse::ok(json!({"message": "success"})))
    }

    /// `None` if the user does not exist.
    fn set_password(&mut self, user_id: &str, password: String) -> Option<()> {
        self.user_mut(user_id)?.details.password = Some(password);
        Some(())
    }
}
