//! Sending login codes, which creates the user first where there is none.

use super::Wunder;
use super::asked::Asked;
use super::errors::{Answered, malformed};
use super::state::State;
use super::users::{Codes, UserId};
use crate::testing::{Channel, MockResponse};

impl State {
    pub(super) fn send_code_to_phone(&mut self, asked: &Asked<'_>) -> Answered {
        let needed = || malformed("phoneNumber and branchId are needed");
        let phone = asked.phone()?.ok_or_else(needed)?;
        let branch = asked.branch().ok_or_else(needed)?;
        self.branches.check(&branch)?;
        let id = self.user_of_phone(phone);
        self.welcome(id, branch, asked)?;
        let code = self.next_code();
        asked.send(Channel::Sms, phone, &code);
        self.users[id].codes.phone_login = Some(code);
        Ok(MockResponse::empty(204))
    }

    pub(super) fn send_code_to_email(&mut self, asked: &Asked<'_>) -> Answered {
        let needed = || malformed("email and branchId are needed");
        let email = asked.email()?.ok_or_else(needed)?;
        let branch = asked.branch().ok_or_else(needed)?;
        self.branches.check(&branch)?;
        let id = self.user_of_email(email);
        self.welcome(id, branch, asked)?;
        let code = self.next_code();
        asked.send(Channel::Email, email, &code);
        self.users[id].codes.email_login = Some(code);
        Ok(MockResponse::empty(204))
    }

    /// A known user stays in the branch of the sign-up.
    fn welcome(
        &mut self,
        id: UserId,
        branch: String,
        asked: &Asked<'_>,
    ) -> Result<(), MockResponse> {
        let id = self.unlocked(id)?;
        self.users[id].branch.get_or_insert(branch);
        if asked.body["tncAccepted"] == true {
            self.accept_all(id);
        }
        Ok(())
    }
}

impl Wunder {
    /// Makes every code that was sent until now invalid, as if its time were over.
    pub fn expire_codes(&self) {
        for user in self.world.state().users.all() {
            user.codes = Codes::default();
        }
    }
}
