//! Registration: by a form, or by completing the profile after a code or a social sign-in.

use serde_json::{Value, json};

use super::codes::{CodeSubject, Purpose};
use super::pending_registrations::Registration;
use super::request_context::RequestContext;
use super::responses::{add_sent_code, bad_request, register_token_invalid};
use super::seed::FyndUser;
use super::user::Contact;
use crate::testing::{Channel, MockResponse, MockResult};

impl RequestContext<'_> {
    pub(super) fn register_with_form(&mut self) -> MockResult {
        let phone = &self.body["phone"];
        let mobile = match phone {
            Value::Null => None,
            phone => Some(self.number_in(phone, "mobile")?),
        };
        let contacts: Vec<Contact> = mobile.into_iter().chain(self.optional_email()?).collect();
        let pending = self.registration()?;
        let known = pending.and_then(|id| self.state.registrations.get(id));
        let mut registration = known.cloned().unwrap_or_default();
        for contact in &contacts {
            self.check_available(contact)?;
            if !registration.is_confirmed(contact) {
                registration.set_contact(contact, true);
            }
        }
        registration.details.update(self.details());
        self.check_required(&registration)?;

        let id = self.store_registration(pending, registration);
        let Some(user_id) = self.try_complete(id)? else {
            return Ok(self.send_unconfirmed(id, &contacts));
        };
        // A form whose contacts belong to a user is refused: the user is new.
        let body = json!({
            "success": true,
            "user_exists": false,
            "verify_mobile_otp": false,
            "verify_email_otp": false,
        });
        Ok(self.sign_in_response(&user_id, body))
    }

    /// Completes a registration that began with a code or a social sign-in.
    pub(super) fn complete_profile(&mut self, pending: u64) -> MockResult {
        let known = self.state.registrations.get(pending);
        let mut registration = known.cloned().ok_or_else(register_token_invalid)?;
        registration.details.update(self.details_without_password());
        let mut contacts = Vec::new();
        if let Some(mobile) = self.new_mobile()? {
            contacts.push((mobile, true));
        }
        if let Some(email) = self.optional_email()? {
            contacts.push((email, self.state.rules.email_required));
        }
        for (contact, required) in &contacts {
            self.check_available(contact)?;
            if !registration.is_confirmed(contact) {
                registration.set_contact(contact, *required);
            }
        }
        self.check_required(&registration)?;

        let unconfirmed: Vec<Contact> = contacts
            .into_iter()
            .map(|(contact, _)| contact)
            .filter(|contact| !registration.is_confirmed(contact))
            .collect();
        let id = self.store_registration(Some(pending), registration);
        let Some(user_id) = self.try_complete(id)? else {
            return Ok(self.send_unconfirmed(id, &unconfirmed));
        };
        let mut body = json!({"success": true, "user_exists": true});
        self.send_each(&unconfirmed, &CodeSubject::User(user_id.clone()), &mut body);
        body["user"] = self.user_json(&user_id)?;
        Ok(self.sign_in_response(&user_id, body))
    }

    /// Creates the user of a registration; `None` if a step is missing.
    pub(super) fn try_complete(&mut self, id: u64) -> MockResult<Option<String>> {
        let known = self.state.registrations.get(id);
        let registration = known.cloned().ok_or_else(register_token_invalid)?;
        let ready =
            registration.unconfirmed.is_empty() && self.check_required(&registration).is_ok();
        if !ready {
            return Ok(None);
        }
        for entry in registration.contacts.all() {
            self.check_available(&entry.contact)?;
        }
        self.state.registrations.remove(id);
        let user = FyndUser {
            details: registration.details,
            contacts: registration.contacts,
            identities: registration.identity.into_iter().collect(),
            ..FyndUser::default()
        };
        Ok(Some(self.state.seed(user, self.now)))
    }

    /// Rejects a registration without a name or a contact that the sales channel requires.
    fn check_required(&self, registration: &Registration) -> MockResult<()> {
        if registration.details.first_name.is_none() {
            return Err(bad_request("FIRST_NAME_MISSING", "first_name is required"));
        }
        let rules = &self.state.rules;
        let missing =
            |required, channel| required && registration.contacts.of(channel).next().is_none();
        if missing(rules.mobile_required, Channel::Sms) {
            return Err(bad_request("MOBILE_MISSING", "a mobile number is required"));
        }
        if missing(rules.email_required, Channel::Email) {
            return Err(bad_request("EMAIL_MISSING", "email is required"));
        }
        if registration.contacts.all().next().is_none() {
            return Err(bad_request("CONTACT_MISSING", "a contact is required"));
        }
        Ok(())
    }

    fn store_registration(&mut self, pending: Option<u64>, registration: Registration) -> u64 {
        match pending.and_then(|id| Some((id, self.state.registrations.get_mut(id)?))) {
            Some((id, stored)) => {
                *stored = registration;
                id
            }
            None => self.state.registrations.add(registration),
        }
    }

    /// The response of a step after which the registration is not complete. Sends codes to those of
    /// `contacts` that it still has to confirm.
    fn send_unconfirmed(&mut self, id: u64, contacts: &[Contact]) -> MockResponse {
        let registration = self.state.registrations.get(id);
        let unconfirmed = registration.map_or(Vec::new(), |it| it.unconfirmed.clone());
        let recipients = contacts.iter().filter(|it| unconfirmed.contains(it));
        let recipients: Vec<Contact> = recipients.cloned().collect();
        let mut body = json!({"success": true, "user_exists": false});
        self.send_each(&recipients, &CodeSubject::Registration(id), &mut body);
        // Contacts of earlier steps still have to be confirmed.
        for contact in unconfirmed {
            body[flag(&contact)] = json!(true);
        }
        body["register_token"] = json!(self.state.registrations.issue_token(id, self.now));
        MockResponse::ok(body)
    }

    /// Sends a code to each contact and adds the result to `body`.
    pub(super) fn send_each(
        &mut self,
        contacts: &[Contact],
        subject: &CodeSubject,
        body: &mut Value,
    ) {
        body["verify_mobile_otp"] = json!(false);
        body["verify_email_otp"] = json!(false);
        for contact in contacts {
            let sent = self.send_code(Purpose::SignIn, contact, subject.clone());
            add_sent_code(body, contact, &sent);
            body[flag(contact)] = json!(true);
        }
    }
}

/// The member that says whether a code must be confirmed.
fn flag(contact: &Contact) -> &'static str {
    match contact {
        Contact::Mobile(_) => "verify_mobile_otp",
        Contact::Email(_) => "verify_email_otp",
    }
}
