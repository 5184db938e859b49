//! The profile and the attributes of a user.

use serde_json::{Map, Value, json};

use super::codes::CodeSubject;
use super::request_context::RequestContext;
use super::responses::{bad_request, not_signed_in};
use super::user::{Contact, Details};
use crate::testing::{MockResponse, MockResult};

impl RequestContext<'_> {
    /// Changes the profile of the signed-in user, or completes a registration.
    pub(super) fn update_profile(&mut self) -> MockResult {
        match self.registration()? {
            Some(id) => self.complete_profile(id),
            None => self.change_profile(),
        }
    }

    /// The details of a profile, which cannot set the password.
    pub(super) fn details_without_password(&self) -> Details {
        Details {
            password: None,
            ..self.details()
        }
    }

    /// The mobile number of the body, if there is one.
    pub(super) fn new_mobile(&self) -> MockResult<Option<Contact>> {
        let mobile = &self.body["mobile"];
        if mobile.is_null() {
            return Ok(None);
        }
        self.number_in(mobile, "phone").map(Some)
    }

    fn change_profile(&mut self) -> MockResult {
        let user_id = self.signed_in()?;
        let contacts = self.new_mobile()?.into_iter().chain(self.optional_email()?);
        let (mut confirmed, mut added) = (Vec::new(), Vec::new());
        for contact in contacts {
            if self.is_confirmed(&user_id, &contact) {
                confirmed.push(contact);
                continue;
            }
            if self.state.owner(&contact).as_ref() != Some(&user_id) {
                self.check_available(&contact)?;
            }
            added.push(contact);
        }
        let details = self.details_without_password();
        let user = self.user_mut(&user_id).ok_or_else(not_signed_in)?;
        user.details.update(details);
        for contact in &confirmed {
            user.contacts.make_primary(contact);
        }
        for contact in &added {
            user.contacts.add(contact.clone(), false);
        }
        let mut body = json!({"success": true, "user_exists": true});
        self.send_each(&added, &CodeSubject::User(user_id.clone()), &mut body);
        body["user"] = self.user_json(&user_id)?;
        Ok(MockResponse::ok(body))
    }

    fn is_confirmed(&self, user_id: &str, contact: &Contact) -> bool {
        let user = self.state.users.get(user_id);
        let entry = user.and_then(|user| user.contacts.get(contact));
        entry.is_some_and(|entry| entry.verified)
    }

    pub(super) fn get_user_attributes(&mut self) -> MockResult {
        let user_id = self.signed_in()?;
        let slug = self.call.query("slug");
        if let Some(slug) = &slug
            && !self.state.attributes.contains_key(slug)
        {
            return Err(undefined());
        }
        self.attributes(&user_id, slug.as_deref())
    }

    /// The defined attributes of a user, or only the requested one.
    fn attributes(&self, user_id: &str, slug: Option<&str>) -> MockResult {
        let user = self.state.users.get(user_id).ok_or_else(not_signed_in)?;
        let defined = &self.state.attributes;
        let attributes: Map<String, Value> = user
            .attributes
            .iter()
            .filter(|(known, _)| defined.contains_key(*known))
            .filter(|(known, _)| slug.is_none_or(|slug| slug == *known))
            .map(|(known, value)| (known.clone(), value.clone()))
            .collect();
        Ok(MockResponse::ok(json!({"attributes": attributes})))
    }

    pub(super) fn update_user_attributes(&mut self) -> MockResult {
        let user_id = self.signed_in()?;
        let changes = self.body["attributes"]
            .as_object()
            .cloned()
            .ok_or_else(|| bad_request("FIELD_MISSING", "attributes is required"))?;
        for (slug, value) in &changes {
            let defined = self.state.attributes.get(slug).ok_or_else(undefined)?;
            if !defined.accepts(value) {
                let message = "the value does not have the type of the attribute";
                return Err(bad_request("ATTRIBUTE_TYPE", message));
            }
        }
        let user = self.user_mut(&user_id).ok_or_else(not_signed_in)?;
        user.attributes.extend(changes);
        self.attributes(&user_id, None)
    }
}

fn undefined() -> MockResponse {
    bad_request("ATTRIBUTE_UNDEFINED", "the attribute is not defined")
}
