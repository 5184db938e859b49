//! Becoming a user: by a form, or by completing the profile after a code or a social sign-in.

use serde_json::{Value, json};

use super::codes::{Claim, Purpose};
use super::exchange::{Outcome, Turn, register_token_invalid};
use super::person::Contact;
use super::registrations::Registration;
use super::responses::{api_error, tell_sent};
use super::seed::FyndUser;
use crate::testing::{Channel, MockResponse};

impl Turn<'_> {
    pub(super) fn register_with_form(&mut self) -> Outcome {
        let phone = &self.body["phone"];
        let mobile = match phone {
            Value::Null => None,
            phone => Some(self.number_in(phone, "mobile")?),
        };
        let contacts: Vec<Contact> = mobile.into_iter().chain(self.optional_email()?).collect();
        let begun = self.registration()?;
        let known = begun.and_then(|id| self.state.registrations.get(id));
        let mut registration = known.cloned().unwrap_or_default();
        for contact in &contacts {
            self.free(contact)?;
            if !registration.is_confirmed(contact) {
                registration.claim(contact, true);
            }
        }
        registration.details.update(self.details());
        self.has_required(&registration)?;

        let id = self.keep(begun, registration);
        let Some(user_id) = self.settle(id)? else {
            let mut body = json!({"success": true, "user_exists": false});
            self.send_open(id, &contacts, &Claim::Registration(id), &mut body);
            body["register_token"] = json!(self.state.registrations.renew(id, self.now));
            return Ok(MockResponse::json(200, body));
        };
        let body = json!({
            "success": true,
            "user_exists": true,
            "verify_mobile_otp": false,
            "verify_email_otp": false,
        });
        Ok(self.signing_in(&user_id, body))
    }

    /// Makes a user of somebody who was confirmed by a code or by a third party.
    pub(super) fn complete_profile(&mut self, begun: u64) -> Outcome {
        let known = self.state.registrations.get(begun);
        let mut registration = known.cloned().ok_or_else(register_token_invalid)?;
        registration.details.update(self.details_without_password());
        let mut contacts = Vec::new();
        if let Some(mobile) = self.new_mobile()? {
            contacts.push((mobile, true));
        }
        if let Some(email) = self.optional_email()? {
            contacts.push((email, self.state.rules.email_required));
        }
        for (contact, needed) in &contacts {
            self.free(contact)?;
            if !registration.is_confirmed(contact) {
                registration.claim(contact, *needed);
            }
        }
        self.has_required(&registration)?;

        let open: Vec<Contact> = contacts
            .into_iter()
            .map(|(contact, _)| contact)
            .filter(|contact| !registration.is_confirmed(contact))
            .collect();
        let id = self.keep(Some(begun), registration);
        let Some(user_id) = self.settle(id)? else {
            let mut body = json!({"success": true, "user_exists": false});
            self.send_open(id, &open, &Claim::Registration(id), &mut body);
            body["register_token"] = json!(self.state.registrations.renew(id, self.now));
            return Ok(MockResponse::json(200, body));
        };
        let mut body = json!({"success": true, "user_exists": true});
        self.send_each(&open, &Claim::User(user_id.clone()), &mut body);
        body["user"] = self.shown(&user_id)?;
        Ok(self.signing_in(&user_id, body))
    }

    /// Makes the user when nothing stands in the way any more; nothing while a step is left.
    pub(super) fn settle(&mut self, id: u64) -> Outcome<Option<String>> {
        let known = self.state.registrations.get(id);
        let registration = known.cloned().ok_or_else(register_token_invalid)?;
        let ready = registration.open.is_empty() && self.has_required(&registration).is_ok();
        if !ready {
            return Ok(None);
        }
        for entry in registration.contacts.all() {
            self.free(&entry.contact)?;
        }
        self.state.registrations.end(id);
        let user = FyndUser {
            details: registration.details,
            contacts: registration.contacts,
            identities: registration.identity.into_iter().collect(),
            ..FyndUser::default()
        };
        Ok(Some(self.state.seed(user, self.now)))
    }

    /// Refuses a registration without a name or a contact that the sales channel insists on.
    fn has_required(&self, registration: &Registration) -> Outcome<()> {
        if registration.details.first_name.is_none() {
            return Err(api_error(400, "FIRST_NAME_MISSING", "first_name is needed"));
        }
        let rules = &self.state.rules;
        let missing =
            |required, channel| required && registration.contacts.of(channel).next().is_none();
        if missing(rules.mobile_required, Channel::Sms) {
            return Err(api_error(400, "MOBILE_MISSING", "a mobile is needed"));
        }
        if missing(rules.email_required, Channel::Email) {
            return Err(api_error(400, "EMAIL_MISSING", "email is needed"));
        }
        if registration.contacts.all().next().is_none() {
            return Err(api_error(400, "CONTACT_MISSING", "a contact is needed"));
        }
        Ok(())
    }

    fn keep(&mut self, begun: Option<u64>, registration: Registration) -> u64 {
        match begun.and_then(|id| Some((id, self.state.registrations.get_mut(id)?))) {
            Some((id, kept)) => {
                *kept = registration;
                id
            }
            None => self.state.registrations.begin(registration),
        }
    }

    /// Sends codes to those of `contacts` that a registration waits for.
    fn send_open(&mut self, id: u64, contacts: &[Contact], claim: &Claim, body: &mut Value) {
        let registration = self.state.registrations.get(id);
        let open = registration.map(|registration| registration.open.clone());
        let open = open.unwrap_or_default();
        let waited: Vec<Contact> = contacts
            .iter()
            .filter(|contact| open.contains(contact))
            .cloned()
            .collect();
        self.send_each(&waited, claim, body);
        // What an earlier step asked for still counts.
        for contact in open {
            body[flag(&contact)] = json!(true);
        }
    }

    /// Sends a code to each contact and says so in `body`.
    pub(super) fn send_each(&mut self, contacts: &[Contact], claim: &Claim, body: &mut Value) {
        body["verify_mobile_otp"] = json!(false);
        body["verify_email_otp"] = json!(false);
        for contact in contacts {
            let sending = self.send_code(Purpose::SignIn, contact, claim.clone());
            tell_sent(body, contact, &sending);
            body[flag(contact)] = json!(true);
        }
    }
}

/// The member that says whether a code is still to be confirmed.
fn flag(contact: &Contact) -> &'static str {
    match contact {
        Contact::Mobile(_) => "verify_mobile_otp",
        Contact::Email(_) => "verify_email_otp",
    }
}
