//! What the control API does to the mock.

use serde_json::{Value, json};

use super::users::User;
use super::{State, WunderUser};
use crate::clock::Clock;
use crate::error::System;
use crate::secret::Secret;
use crate::testing::{
    Channel, ContactSummary, ControlError, Controlled, Item, Members, MockState, UserSummary,
};
use crate::wunder::TermsScope;

impl Controlled for MockState<State> {
    fn system(&self) -> System {
        System::Wunder
    }

    fn users(&self) -> Vec<UserSummary> {
        self.state().users.all().map(|user| summary(user)).collect()
    }

    fn add(&self, item: Item, members: Members) -> Result<Value, ControlError> {
        match item {
            Item::User => self.add_user(members),
            Item::ApiClient => self.add_api_client(members),
            Item::SocialAccount => self.add_social_account(members),
            Item::Terms => self.add_terms(members),
            Item::Attribute => Err(item.unsupported(System::Wunder)),
        }
    }

    fn credentials_for(&self, user: &str) -> Option<Value> {
        let now = self.clock.now().timestamp();
        let (access, refresh) = self.state().tokens_for(user, now)?;
        Some(json!({"access_token": access, "refresh_token": refresh}))
    }

    fn revoke_credentials(&self) {
        self.state().tokens.revoke_all();
    }

    fn expire_codes(&self) {
        self.state().expire_codes();
    }

    fn open_link(&self, code: &str) -> bool {
        self.state().open_email_link(code)
    }

    fn reset(&self) {
        self.forget();
    }
}

impl MockState<State> {
    fn add_user(&self, mut members: Members) -> Result<Value, ControlError> {
        let mut user = WunderUser::new();
        for (name, is_verified) in [("phone", true), ("unverified_phone", false)] {
            if let Some(phone) = members.phone(name)? {
                user = match is_verified {
                    true => user.verified_phone(phone.e164()),
                    false => user.phone(phone.e164()),
                };
            }
        }
        for (name, is_verified) in [("email", true), ("unverified_email", false)] {
            if let Some(email) = members.email(name)? {
                user = match is_verified {
                    true => user.verified_email(email),
                    false => user.email(email),
                };
            }
        }
        if let Some(password) = members.text("password")? {
            user = user.password(password);
        }
        if let Some(branch) = members.text("branch")? {
            user = user.branch(branch);
        }
        if let Some(client) = members.text("created_by")? {
            user = user.created_by(client);
        }
        for (name, member) in [("first_name", "firstName"), ("last_name", "lastName")] {
            if let Some(value) = members.text(name)? {
                user = user.member(member, value.into());
            }
        }
        for mut account in members.objects("social")? {
            let (provider, token) = (account.required("provider")?, account.required("token")?);
            account.finish()?;
            user = user.social(provider, token.into());
        }
        if members.flag("must_use_second_factor")? {
            user = user.must_use_second_factor();
        }
        let is_locked = members.flag("locked")?;
        members.finish()?;
        let mut state = self.state();
        let id = state.add_user(user);
        state.users[id].is_locked |= is_locked;
        Ok(json!({"id": state.users[id].uuid}))
    }

    fn add_api_client(&self, mut members: Members) -> Result<Value, ControlError> {
        let (id, key) = (members.required("id")?, members.required("key")?);
        members.finish()?;
        self.state().clients.insert(id.clone(), key);
        Ok(json!({"id": id}))
    }

    fn add_social_account(&self, mut members: Members) -> Result<Value, ControlError> {
        let provider = members.required("provider")?;
        let token = Secret::from(members.required("token")?);
        let email = members.email("email")?;
        members.finish()?;
        let mut state = self.state();
        state.add_social_account(&provider, token.expose(), email.as_deref(), None);
        Ok(json!({"provider": provider}))
    }

    fn add_terms(&self, mut members: Members) -> Result<Value, ControlError> {
        let branch = members.required("branch")?;
        let title = members.required("title")?;
        members.finish()?;
        let content = json!({"title": title});
        let id = self
            .state()
            .terms
            .add(None, TermsScope::Branch(branch), content);
        Ok(json!({"id": id.to_string()}))
    }
}

fn summary(user: &User) -> UserSummary {
    let contacts = [(Channel::Sms, user.phone()), (Channel::Email, user.email())];
    let contacts = contacts.into_iter().filter_map(|(channel, contact)| {
        let contact = contact?;
        Some(ContactSummary {
            channel,
            value: contact.value.clone(),
            verified: contact.is_verified,
        })
    });
    let text = |name: &str| user.members.get(name).and_then(Value::as_str);
    let states = [
        ("locked", user.is_locked),
        ("second factor", user.factor.is_required()),
        ("deletion requested", user.deletion_requested),
    ];
    let states = states.into_iter().filter(|(_, holds)| *holds);
    UserSummary {
        id: user.uuid.clone(),
        tenant: None,
        name: UserSummary::whole_name(text("firstName"), text("lastName")),
        contacts: contacts.collect(),
        has_password: user.password.is_some(),
        states: states.map(|(state, _)| state).collect(),
    }
}
