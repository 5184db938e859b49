//! Who is signed in and where, signing out, and leaving.

use serde_json::{Value, json};

use super::codes::Purpose;
use super::exchange::{COOKIE, Outcome, Turn};
use super::person::Contact;
use super::platform;
use super::responses::api_error;
use super::sign_in::code_invalid;
use crate::testing::{Channel, MockResponse};

impl Turn<'_> {
    pub(super) fn get_logged_in_user(&mut self) -> Outcome {
        let user_id = self.signed_in()?;
        Ok(MockResponse::json(
            200,
            json!({"user": self.shown(&user_id)?}),
        ))
    }

    pub(super) fn list_sessions(&mut self) -> Outcome {
        let user_id = self.signed_in()?;
        let sessions = self.state.sessions(&user_id, self.now);
        Ok(MockResponse::json(200, json!({"sessions": sessions})))
    }

    pub(super) fn logout(&mut self) -> Outcome {
        if let Some(cookie) = self.cookie().map(str::to_owned) {
            self.state.sign_out(&cookie);
        }
        Ok(without_cookie(json!({"logout": true})))
    }

    pub(super) fn user_exists(&mut self) -> Outcome {
        let wanted = self
            .call
            .query("q")
            .filter(|wanted| !wanted.is_empty())
            .ok_or_else(|| api_error(400, "QUERY_MISSING", "q is needed"))?;
        let mut users = self.state.users.values();
        let known = users.any(|user| {
            let mut contacts = user.contacts.all();
            contacts.any(|entry| match &entry.contact {
                Contact::Mobile(number) => {
                    number.mobile == wanted || entry.contact.address() == wanted
                }
                Contact::Email(email) => *email == wanted,
            })
        });
        Ok(MockResponse::json(200, json!({"user_exists": known})))
    }

    /// Deletes the signed-in user, who names a reason and proves by a code to be there.
    pub(super) fn delete_user(&mut self) -> Outcome {
        let user_id = self.signed_in()?;
        if self.needed("user_id")? != user_id {
            return Err(api_error(400, "USER_UNKNOWN", "this is not the user"));
        }
        let in_words = platform::reason(&self.needed("reason_id")?)
            .ok_or_else(|| api_error(400, "REASON_UNKNOWN", "no such reason is offered"))?;
        if in_words {
            self.needed("reason")?;
        }
        let contact = self.code_of(&user_id)?;
        self.state.codes.burn(Purpose::SignIn, &contact);
        self.state.remove(&user_id);
        Ok(without_cookie(json!({"success": true})))
    }

    /// The contact of a user that the code of the body came to. A code that came by e-mail has no
    /// `request_id`.
    fn code_of(&self, user_id: &str) -> Outcome<Contact> {
        let code = self.needed("otp")?;
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
                    .find(|email| codes.is_right(Purpose::SignIn, email, &code, self.now))
                    .cloned()
            }
        };
        contact
            .filter(|contact| self.state.owner(contact).as_deref() == Some(user_id))
            .ok_or_else(code_invalid)
    }
}

fn without_cookie(body: Value) -> MockResponse {
    MockResponse::json(200, body).header("set-cookie", format!("{COOKIE}=; Path=/; Max-Age=0"))
}
