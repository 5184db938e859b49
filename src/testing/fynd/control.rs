//! What the control API does to the mock.

use serde_json::{Map, Value, json};

use super::request_context::COOKIE;
use super::seed::{FyndAttribute, FyndUser};
use super::state::{SocialAccount, State};
use super::user::{FyndProvider, User};
use crate::clock::Clock;
use crate::error::System;
use crate::testing::{
    ContactSummary, ControlError, Controlled, Item, Members, MockState, UserSummary,
};

const PROVIDERS: [(&str, FyndProvider); 3] = [
    ("google", FyndProvider::Google),
    ("facebook", FyndProvider::Facebook),
    ("apple", FyndProvider::Apple),
];

const TYPES: [(&str, FyndAttribute); 4] = [
    ("text", FyndAttribute::Text),
    ("number", FyndAttribute::Number),
    ("boolean", FyndAttribute::Boolean),
    ("list", FyndAttribute::List),
];

impl Controlled for MockState<State> {
    fn system(&self) -> System {
        System::Fynd
    }

    fn users(&self) -> Vec<UserSummary> {
        self.state().users.values().map(summary).collect()
    }

    fn add(&self, item: Item, members: Members) -> Result<Value, ControlError> {
        match item {
            Item::User => self.add_user(members),
            Item::Attribute => self.add_attribute(members),
            Item::ApiClient | Item::SocialAccount | Item::Terms => {
                Err(item.unsupported(System::Fynd))
            }
        }
    }

    fn credentials_for(&self, user: &str) -> Option<Value> {
        let now = self.clock.now();
        let mut state = self.state();
        let id = state.find(user)?;
        let cookie = json!({"name": COOKIE, "value": state.sign_in(&id, now)});
        Some(json!({"cookies": [cookie], "login_token": state.issue_login_token(&id)}))
    }

    fn revoke_credentials(&self) {
        self.state().sign_out_all();
    }

    fn expire_codes(&self) {
        self.state().expire_codes();
    }

    /// The application opens links: `verify_email`, `verify_mobile`, `forgot_password`.
    fn open_link(&self, _: &str) -> bool {
        false
    }

    fn reset(&self) {
        self.forget();
    }
}

impl MockState<State> {
    /// Returns the id, a token that signs the user in once, and a token of each social account.
    fn add_user(&self, mut members: Members) -> Result<Value, ControlError> {
        let first_name = members.text("first_name")?;
        let mut user = FyndUser::new(first_name.unwrap_or_else(|| "Asha".to_owned()));
        if let Some(name) = members.text("last_name")? {
            user = user.last_name(name);
        }
        if let Some(password) = members.text("password")? {
            user = user.password(password);
        }
        if let Some(phone) = members.phone("phone")? {
            user = user.phone(phone);
        }
        if let Some(phone) = members.phone("unverified_phone")? {
            user = user.unverified_phone(phone);
        }
        if let Some(email) = members.email("email")? {
            user = user.email(email);
        }
        if let Some(email) = members.email("unverified_email")? {
            user = user.unverified_email(email);
        }
        let mut accounts = Vec::new();
        for mut account in members.objects("social")? {
            let provider = account.word("provider", &PROVIDERS)?;
            let provider =
                provider.ok_or_else(|| ControlError::wrong("provider", "is required"))?;
            let id = account.required("id")?;
            account.finish()?;
            user = user.social(provider, &id);
            accounts.push((provider, id));
        }
        members.finish()?;
        let now = self.clock.now();
        let mut state = self.state();
        let id = state.seed(user, now);
        let mut tokens = Map::new();
        for (provider, account) in accounts {
            let identity = (provider, account);
            let account = SocialAccount {
                identity,
                email: None,
            };
            let token = state.issue_social_token(account, now);
            let name = PROVIDERS.iter().find(|(_, known)| *known == provider);
            tokens.insert(name.map_or("", |(name, _)| name).to_owned(), json!(token));
        }
        let login_token = state.issue_login_token(&id);
        Ok(json!({"id": id, "login_token": login_token, "social_tokens": tokens}))
    }

    fn add_attribute(&self, mut members: Members) -> Result<Value, ControlError> {
        let slug = members.required("slug")?;
        let values = members.word("type", &TYPES)?;
        let values = values.ok_or_else(|| ControlError::wrong("type", "is required"))?;
        members.finish()?;
        self.state().attributes.insert(slug.clone(), values);
        Ok(json!({"id": slug}))
    }
}

fn summary(user: &User) -> UserSummary {
    let contacts = user.contacts.all().map(|entry| ContactSummary {
        channel: entry.contact.channel(),
        value: entry.contact.address(),
        verified: entry.verified,
    });
    let details = &user.details;
    UserSummary {
        id: user.id.clone(),
        tenant: None,
        name: UserSummary::whole_name(details.first_name.as_deref(), details.last_name.as_deref()),
        contacts: contacts.collect(),
        has_password: details.password.is_some(),
        states: Vec::new(),
    }
}
