//! The mobile numbers and e-mail addresses of a profile.

use serde_json::json;

use super::codes::{LinkPurpose, Purpose};
use super::request_context::{RequestContext, email, number};
use super::responses::{bad_request, link_invalid, not_signed_in};
use super::user::{Contact, Entry};
use crate::testing::{MockResponse, MockResult};

impl RequestContext<'_> {
    pub(super) fn add_contact(&mut self, contact: &Contact) -> MockResult {
        let user_id = self.signed_in()?;
        self.check_available(contact)?;
        let user = self.user_mut(&user_id).ok_or_else(not_signed_in)?;
        user.contacts.add(contact.clone(), false);
        self.send_link(LinkPurpose::ConfirmContact, contact, &user_id);
        let mut body = json!({"user": self.user_json(&user_id)?});
        body[link_member(contact)] = json!(true);
        Ok(MockResponse::ok(body))
    }

    pub(super) fn send_link(&mut self, purpose: LinkPurpose, contact: &Contact, user_id: &str) {
        let code = self.state.links.issue(purpose, contact, user_id, self.now);
        self.send(contact, &code, true);
    }

    /// Sends a confirmation link to a contact of the profile, unless it is confirmed already.
    pub(super) fn send_confirmation(&mut self, contact: &Contact) -> MockResult {
        let user_id = self.signed_in()?;
        let verified = self.contact_of(&user_id, contact)?.verified;
        if !verified {
            self.send_link(LinkPurpose::ConfirmContact, contact, &user_id);
        }
        let mut body = json!({});
        body[link_member(contact)] = json!(!verified);
        Ok(MockResponse::ok(body))
    }

    pub(super) fn make_primary(&mut self, contact: &Contact) -> MockResult {
        let user_id = self.signed_in()?;
        if !self.contact_of(&user_id, contact)?.verified {
            let message = "the contact is not confirmed";
            return Err(bad_request("CONTACT_UNVERIFIED", message));
        }
        if let Some(user) = self.user_mut(&user_id) {
            user.contacts.make_primary(contact);
        }
        Ok(MockResponse::ok(json!({"user": self.user_json(&user_id)?})))
    }

    pub(super) fn delete_mobile_number(&mut self) -> MockResult {
        let flags = self.flags_in_query()?;
        let number = number(self.call.query("country_code"), self.call.query("phone"))?;
        self.delete_contact(&number, flags)
    }

    pub(super) fn delete_email(&mut self) -> MockResult {
        let flags = self.flags_in_query()?;
        let email = email(self.call.query("email"))?;
        self.delete_contact(&email, flags)
    }

    /// `active`, `primary` and `verified` of the query.
    fn flags_in_query(&self) -> MockResult<[bool; 3]> {
        let flag = |name: &str| {
            let value = self.call.query(name);
            value.and_then(|value| value.parse().ok()).ok_or_else(|| {
                let message = format!("{name} is required, as true or false");
                bad_request("QUERY_INVALID", &message)
            })
        };
        Ok([flag("active")?, flag("primary")?, flag("verified")?])
    }

    fn delete_contact(&mut self, contact: &Contact, flags: [bool; 3]) -> MockResult {
        let user_id = self.signed_in()?;
        let entry = self.contact_of(&user_id, contact)?;
        if flags != [entry.active, entry.primary, entry.verified] {
            let message = "the contact has different flags in the profile";
            return Err(bad_request("CONTACT_CHANGED", message));
        }
        if entry.primary {
            let message = "the primary contact cannot be removed";
            return Err(bad_request("CONTACT_PRIMARY", message));
        }
        if let Some(user) = self.user_mut(&user_id) {
            user.contacts.remove(contact);
        }
        self.state.links.revoke_all(contact);
        for purpose in [Purpose::SignIn, Purpose::ForgotPassword] {
            self.state.codes.revoke(purpose, contact);
        }
        Ok(MockResponse::ok(json!({"user": self.user_json(&user_id)?})))
    }

    /// Opens a confirmation link.
    pub(super) fn verify_link(&mut self, is_expected: fn(&Contact) -> bool) -> MockResult {
        let code = self.required_text("code")?;
        let link = self
            .state
            .links
            .check(LinkPurpose::ConfirmContact, &code, self.now);
        let (user_id, contact) = link
            .filter(|(_, contact)| is_expected(contact))
            .ok_or_else(link_invalid)?;
        self.state.links.revoke(&code);
        let user = self.user_mut(&user_id).ok_or_else(link_invalid)?;
        user.contacts.add(contact, true);
        Ok(MockResponse::ok(json!({"message": "success"})))
    }

    /// A contact of the profile of a user.
    fn contact_of(&self, user_id: &str, contact: &Contact) -> MockResult<&Entry> {
        let user = self.state.users.get(user_id).ok_or_else(not_signed_in)?;
        user.contacts
            .get(contact)
            .ok_or_else(|| bad_request("CONTACT_UNKNOWN", "the profile does not have this contact"))
    }
}

/// The member that says whether a link was sent.
fn link_member(contact: &Contact) -> &'static str {
    match contact {
        Contact::Mobile(_) => "verify_mobile_link",
        Contact::Email(_) => "verify_email_link",
    }
}
