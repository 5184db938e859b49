//! Sending login codes, which creates unknown users.

use super::errors::malformed;
use super::request::Request;
use super::users::{Codes, UserId};
use super::{State, Wunder};
use crate::testing::{Channel, MockResponse, MockResult};

impl State {
    pub(super) fn send_code_to_phone(&mut self, request: &Request<'_>) -> MockResult {
        let missing = || malformed("phoneNumber and branchId are required");
        let phone = request.phone()?.ok_or_else(missing)?;
        let branch = request.branch().ok_or_else(missing)?;
        self.branches.check(&branch)?;
        let id = self.user_of_phone(phone);
        self.prepare_user(id, branch, request)?;
        let code = self.next_code();
        request.send(Channel::Sms, phone, &code);
        self.users[id].codes.phone_login = Some(code);
        Ok(MockResponse::empty(204))
    }

    pub(super) fn send_code_to_email(&mut self, request: &Request<'_>) -> MockResult {
        let missing = || malformed("email and branchId are required");
        let email = request.email()?.ok_or_else(missing)?;
        let branch = request.branch().ok_or_else(missing)?;
        self.branches.check(&branch)?;
        let id = self.user_of_email(email);
        self.prepare_user(id, branch, request)?;
        let code = self.next_code();
        request.send(Channel::Email, email, &code);
        self.users[id].codes.email_login = Some(code);
        Ok(MockResponse::empty(204))
    }

    pub(super) fn expire_codes(&mut self) {
        for user in self.users.all() {
            user.codes = Codes::default();
        }
    }

    /// A user who already has a branch stays in it.
    fn prepare_user(
        &mut self,
        id: UserId,
        branch: String,
        request: &Request<'_>,
    ) -> MockResult<()> {
        let id = self.unlocked(id)?;
        self.users[id].branch.get_or_insert(branch);
        if request.body["tncAccepted"] == true {
            self.accept_all(id);
        }
        Ok(())
    }
}

impl Wunder {
    /// Expires all sent codes.
    pub fn expire_codes(&self) {
        self.shared.state().expire_codes();
    }
}
