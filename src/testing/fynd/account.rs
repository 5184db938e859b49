//! The signed-in user and sessions, signing out, deleting an account.

use serde_json::{Value, json};

use super::codes::Purpose;
use super::platform;
use super::request_context::{COOKIE, RequestContext};
use super::responses::{bad_request, code_invalid};
use super::user::Contact;
use crate::testing::{Channel, MockResponse, MockResult};

impl RequestContext<'_> {
    pub(super) fn get_logged_in_user(&mut self) -> MockResult {
        let user_id = self.signed_in()?;
        Ok(MockResponse::ok(json!({"user": self.user_json(&user_id)?})))
    }

    pub(super) fn list_sessions(&mut self) -> MockResult {
        let user_id = self.signed_in()?;
        let sessions = self.state.sessions(&user_id, self.now);
        Ok(MockResponse::ok(json!({"sessions": sessions})))
    }

    pub(super) fn logout(&mut self) -> MockResult {
        if let Some(cookie) = self.cookie().map(str::to_owned) {
            self.state.sign_out(&cookie);
        }
        Ok(without_cookie(json!({"logout": true})))
    }

    pub(super) fn user_exists(&mut self) -> MockResult {
        let query = self
            .call
            .query("q")
            .filter(|query| !query.is_empty())
            .ok_or_else(|| bad_request("QUERY_MISSING", "q is required"))?;
        let mut users = self.state.users.values();
        let known = users.any(|user| {
            let mut contacts = user.contacts.all();
            contacts.any(|entry| match &entry.contact {
                Contact::Mobile(number) => {
                    number.mobile == query || entry.contact.address() == query
                }
                Contact::Email(email) => *email == query,
            })
        });
        Ok(MockResponse::ok(json!({"user_exists": known})))
    }

    /// Deletes the signed-in user, who has to give a reason and a code.
    pub(super) fn delete_user(&mut self) -> MockResult {
        let user_id = self.signed_in()?;
        if self.required_text("user_id")? != user_id {
            let message = "user_id is not the signed-in user";
            return Err(bad_request("USER_UNKNOWN", message));
        }
        let needs_text = platform::reason_needs_text(&self.required_text("reason_id")?)
            .ok_or_else(|| bad_request("REASON_UNKNOWN", "the reason is unknown"))?;
        if needs_text {
            self.required_text("reason")?;
        }
        let contact = self.contact_of_code(&user_id)?;
        self.state.codes.revoke(Purpose::SignIn, &contact);
        self.state.remove(&user_id);
        Ok(without_cookie(json!({"success": true})))
    }

    /// The contact of a user to which the code of the body was sent. A code that was sent by e-mail
    /// has no `request_id`.
    fn contact_of_code(&self, user_id: &str) -> MockResult<Contact> {
        let code = self.required_text("otp")?;
        let codes = &self.state.codes;
        let contact = match self.text("request_id") {
            Some(id) => codes.by_request(Purpose::SignIn, &id, &code, self.now),
            None => {
                let user = self.state.users.get(user_id);
                let mut emails = user.into_iter().flat_map(|user| {
                    let emails = user.contacts.of(Channel::Email);
                    emails.map(|entry| &entry.contact)
                });
                emails
                    .find(|email| codes.is_correct(Purpose::SignIn, email, &code, self.now))
                    .cloned()
            }
        };
        contact
            .filter(|contact| self.state.owner(contact).as_deref() == Some(user_id))
            .ok_or_else(code_invalid)
    }
}

fn without_cookie(body: Value) -> MockResponse {
    MockResponse::ok(body).header("set-cookie", format!("{COOKIE}=; Path=/; Max-Age=0"))
}
