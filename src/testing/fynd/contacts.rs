//! The mobiles and e-mail addresses of a profile.

use serde_json::json;

use super::codes::{Aim, Purpose};
use super::exchange::{Outcome, Turn, email, number};
use super::person::{Contact, Entry};
use super::responses::{api_error, not_signed_in};
use crate::testing::MockResponse;

impl Turn<'_> {
    pub(super) fn add_contact(&mut self, contact: &Contact) -> Outcome {
        let user_id = self.signed_in()?;
        self.free(contact)?;
        let now = self.now;
        let user = self
            .state
            .users
            .get_mut(&user_id)
            .ok_or_else(not_signed_in)?;
        user.contacts.add(contact.clone(), false);
        user.updated_at = now;
        self.send_link(Aim::Confirm, contact, &user_id);
        let mut body = json!({"user": self.shown(&user_id)?});
        body[link_member(contact)] = json!(true);
        Ok(MockResponse::json(200, body))
    }

    pub(super) fn send_link(&mut self, aim: Aim, contact: &Contact, user_id: &str) {
        let code = self.state.links.issue(aim, contact, user_id, self.now);
        self.send(contact, &code);
    }

    /// Sends a link to a contact of the profile; a confirmed one needs none.
    pub(super) fn send_confirmation(&mut self, contact: &Contact) -> Outcome {
        let user_id = self.signed_in()?;
        let verified = self.own(&user_id, contact)?.verified;
        if !verified {
            self.send_link(Aim::Confirm, contact, &user_id);
        }
        let mut body = json!({});
        body[link_member(contact)] = json!(!verified);
        Ok(MockResponse::json(200, body))
    }

    pub(super) fn make_primary(&mut self, contact: &Contact) -> Outcome {
        let user_id = self.signed_in()?;
        if !self.own(&user_id, contact)?.verified {
            return Err(api_error(
                400,
                "CONTACT_UNVERIFIED",
                "the contact was not confirmed yet",
            ));
        }
        let now = self.now;
        if let Some(user) = self.state.users.get_mut(&user_id) {
            user.contacts.make_primary(contact);
            user.updated_at = now;
        }
        Ok(MockResponse::json(
            200,
            json!({"user": self.shown(&user_id)?}),
        ))
    }

    pub(super) fn delete_mobile_number(&mut self) -> Outcome {
        let described = self.described_entry()?;
        let number = number(self.call.query("country_code"), self.call.query("phone"))?;
        self.delete_contact(&number, described)
    }

    pub(super) fn delete_email(&mut self) -> Outcome {
        let described = self.described_entry()?;
        let email = email(self.call.query("email"))?;
        self.delete_contact(&email, described)
    }

    /// `active`, `primary` and `verified` of the query.
    fn described_entry(&self) -> Outcome<[bool; 3]> {
        let flag = |name: &str| {
            let value = self.call.query(name);
            value.and_then(|value| value.parse().ok()).ok_or_else(|| {
                let message = format!("{name} is needed, as true or false");
                api_error(400, "QUERY_INVALID", &message)
            })
        };
        Ok([flag("active")?, flag("primary")?, flag("verified")?])
    }

    fn delete_contact(&mut self, contact: &Contact, described: [bool; 3]) -> Outcome {
        let user_id = self.signed_in()?;
        let entry = self.own(&user_id, contact)?;
        if described != [entry.active, entry.primary, entry.verified] {
            return Err(api_error(
                400,
                "CONTACT_CHANGED",
                "the contact stands otherwise in the profile",
            ));
        }
        if entry.primary {
            return Err(api_error(
                400,
                "CONTACT_PRIMARY",
                "the main contact cannot be removed",
            ));
        }
        let now = self.now;
        if let Some(user) = self.state.users.get_mut(&user_id) {
            user.contacts.remove(contact);
            user.updated_at = now;
        }
        self.state.links.burn_all(contact);
        for purpose in [Purpose::SignIn, Purpose::Forgot] {
            self.state.codes.burn(purpose, contact);
        }
        Ok(MockResponse::json(
            200,
            json!({"user": self.shown(&user_id)?}),
        ))
    }

    /// Follows a confirmation link, which came to a mobile or by e-mail.
    pub(super) fn verify_link(&mut self, is_meant: fn(&Contact) -> bool) -> Outcome {
        let code = self.needed("code")?;
        let link = self.state.links.check(Aim::Confirm, &code, self.now);
        let (user_id, contact) = link
            .filter(|(_, contact)| is_meant(contact))
            .ok_or_else(link_invalid)?;
        self.state.links.burn(&code);
        let user = self
            .state
            .users
            .get_mut(&user_id)
            .ok_or_else(link_invalid)?;
        user.contacts.add(contact, true);
        user.updated_at = self.now;
        Ok(MockResponse::json(200, json!({"message": "success"})))
    }

    /// How a contact stands in the profile of a user.
    fn own(&self, user_id: &str, contact: &Contact) -> Outcome<&Entry> {
        let user = self.state.users.get(user_id).ok_or_else(not_signed_in)?;
        user.contacts.get(contact).ok_or_else(|| {
            api_error(
                400,
                "CONTACT_UNKNOWN",
                "the profile does not have this contact",
            )
        })
    }
}

pub(super) fn link_invalid() -> MockResponse {
    api_error(400, "LINK_INVALID", "the code of the link is not valid")
}

/// The member that says whether a link went out.
fn link_member(contact: &Contact) -> &'static str {
    match contact {
        Contact::Mobile(_) => "verify_mobile_link",
        Contact::Email(_) => "verify_email_link",
    }
}
