//! What the control API does to the mock.

use serde_json::{Value, json};

use super::state::{State, User};
use super::user::GoodCityUser;
use crate::clock::Clock;
use crate::error::System;
use crate::testing::{
    Channel, ContactSummary, ControlError, Controlled, Item, Members, MockState, UserSummary,
};

const LANGUAGES: [(&str, &str); 2] = [("en", "en"), ("zh-tw", "zh-tw")];

impl Controlled for MockState<State> {
    fn system(&self) -> System {
        System::GoodCity
    }

    fn users(&self) -> Vec<UserSummary> {
        self.state().users().map(summary).collect()
    }

    fn add(&self, item: Item, mut members: Members) -> Result<Value, ControlError> {
        if item != Item::User {
            return Err(item.unsupported(System::GoodCity));
        }
        let phone = members.phone("phone")?;
        let mut user =
            GoodCityUser::new(phone.ok_or_else(|| ControlError::wrong("phone", "is required"))?);
        if let Some(name) = members.text("first_name")? {
            user = user.first_name(name);
        }
        if let Some(name) = members.text("last_name")? {
            user = user.last_name(name);
        }
        if let Some(email) = members.email("email")? {
            user = user.email(email);
        }
        if let Some(language) = members.word("language", &LANGUAGES)? {
            user = user.language(language);
        }
        for app in members.texts("apps")? {
            user = user.may_use_app(app);
        }
        members.finish()?;
        let id = self.state().add_user(user);
        Ok(json!({"id": id.to_string()}))
    }

    fn credentials_for(&self, user: &str) -> Option<Value> {
        let now = self.clock.now().timestamp();
        let mut state = self.state();
        let by_id = user.parse().ok().and_then(|id| state.user_by_id(id));
        let by_id = by_id.map(|user| user.id);
        let by_contact = || state.id_of_mobile(user).or_else(|| state.id_of_email(user));
        let id = by_id.or_else(by_contact)?;
        Some(json!({"access_token": state.issue(id, now)}))
    }

    fn revoke_credentials(&self) {
        self.state().rotate_key();
    }

    fn expire_codes(&self) {
        self.state().discard_pins();
    }

    /// Its messages have no links.
    fn open_link(&self, _: &str) -> bool {
        false
    }

    fn reset(&self) {
        self.forget();
    }
}

fn summary(user: &User) -> UserSummary {
    let email = user.email.as_deref().unwrap_or_default();
    let contacts = [
        (Channel::Sms, user.mobile.as_str(), user.is_mobile_verified),
        (Channel::Email, email, user.is_email_verified),
    ];
    let contacts = contacts
        .into_iter()
        .filter(|(_, value, _)| !value.is_empty());
    let contacts = contacts.map(|(channel, value, verified)| ContactSummary {
        channel,
        value: value.to_owned(),
        verified,
    });
    let states: &[&str] = if user.disabled { &["disabled"] } else { &[] };
    UserSummary {
        id: user.id.to_string(),
        tenant: None,
        name: UserSummary::whole_name(Some(&user.first_name), Some(&user.last_name)),
        contacts: contacts.collect(),
        has_password: false,
        states: states.to_vec(),
    }
}
