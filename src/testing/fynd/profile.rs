//! The profile of a user, and the attributes that the seller defines.

use serde_json::{Map, Value, json};

use super::codes::Claim;
use super::exchange::{Outcome, Turn};
use super::person::{Contact, Details};
use super::responses::{api_error, not_signed_in};
use crate::testing::MockResponse;

impl Turn<'_> {
    /// Changes the signed-in user, or makes one of a registration.
    pub(super) fn update_profile(&mut self) -> Outcome {
        match self.registration()? {
            Some(id) => self.complete_profile(id),
            None => self.change_profile(),
        }
    }

    /// A profile does not set the password.
    pub(super) fn details_without_password(&self) -> Details {
        Details {
            password: None,
            ..self.details()
        }
    }

    /// The mobile of the body, if there is one.
    pub(super) fn new_mobile(&self) -> Outcome<Option<Contact>> {
        let mobile = &self.body["mobile"];
        if mobile.is_null() {
            return Ok(None);
        }
        self.number_in(mobile, "phone").map(Some)
    }

    fn change_profile(&mut self) -> Outcome {
        let user_id = self.signed_in()?;
        let contacts = self.new_mobile()?.into_iter().chain(self.optional_email()?);
        let (mut known, mut added) = (Vec::new(), Vec::new());
        for contact in contacts {
            if self.is_confirmed(&user_id, &contact) {
                known.push(contact);
                continue;
            }
            if self.state.owner(&contact).as_ref() != Some(&user_id) {
                self.free(&contact)?;
            }
            added.push(contact);
        }
        let details = self.details_without_password();
        let now = self.now;
        let user = self
            .state
            .users
            .get_mut(&user_id)
            .ok_or_else(not_signed_in)?;
        user.details.update(details);
        user.updated_at = now;
        for contact in &known {
            user.contacts.make_primary(contact);
        }
        for contact in &added {
            user.contacts.add(contact.clone(), false);
        }
        let mut body = json!({"success": true, "user_exists": true});
        self.send_each(&added, &Claim::User(user_id.clone()), &mut body);
        body["user"] = self.shown(&user_id)?;
        Ok(MockResponse::json(200, body))
    }

    fn is_confirmed(&self, user_id: &str, contact: &Contact) -> bool {
        let user = self.state.users.get(user_id);
        let entry = user.and_then(|user| user.contacts.get(contact));
        entry.is_some_and(|entry| entry.verified)
    }

    pub(super) fn get_user_attributes(&mut self) -> Outcome {
        let user_id = self.signed_in()?;
        let slug = self.call.query("slug");
        if let Some(slug) = &slug
            && !self.state.attributes.contains_key(slug)
        {
            return Err(undefined());
        }
        self.attributes(&user_id, slug.as_deref())
    }

    /// The defined attributes of a user, or the one that is asked for.
    fn attributes(&self, user_id: &str, slug: Option<&str>) -> Outcome {
        let user = self.state.users.get(user_id).ok_or_else(not_signed_in)?;
        let defined = &self.state.attributes;
        let attributes: Map<String, Value> = user
            .attributes
            .iter()
            .filter(|(known, _)| defined.contains_key(*known))
            .filter(|(known, _)| slug.is_none_or(|slug| slug == *known))
            .map(|(known, value)| (known.clone(), value.clone()))
            .collect();
        Ok(MockResponse::json(200, json!({"attributes": attributes})))
    }

    pub(super) fn update_user_attributes(&mut self) -> Outcome {
        let user_id = self.signed_in()?;
        let changes = self.body["attributes"]
            .as_object()
            .cloned()
            .ok_or_else(|| api_error(400, "FIELD_MISSING", "attributes is needed"))?;
        for (slug, value) in &changes {
            let defined = self.state.attributes.get(slug).ok_or_else(undefined)?;
            if !defined.takes(value) {
                return Err(api_error(
                    400,
                    "ATTRIBUTE_TYPE",
                    "the value has not the type of its attribute",
                ));
            }
        }
        let user = self
            .state
            .users
            .get_mut(&user_id)
            .ok_or_else(not_signed_in)?;
        user.attributes.extend(changes);
        user.updated_at = self.now;
        self.attributes(&user_id, None)
    }
}

fn undefined() -> MockResponse {
    api_error(400, "ATTRIBUTE_UNDEFINED", "no such attribute is defined")
}
