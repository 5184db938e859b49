//! What the control API does to the mock.

use serde_json::{Value, json};

use super::check_account;
use super::state::{Customer, State, id_of};
use crate::clock::Clock;
use crate::error::System;
use crate::testing::{
    Channel, ContactSummary, ControlError, Controlled, Item, Members, MockState, UserSummary,
};

impl Controlled for MockState<State> {
    fn system(&self) -> System {
        System::WalletCrew
    }

    fn users(&self) -> Vec<UserSummary> {
        self.state().customers().map(summary).collect()
    }

    fn add(&self, item: Item, mut members: Members) -> Result<Value, ControlError> {
        if item != Item::User {
            return Err(item.unsupported(System::WalletCrew));
        }
        let tenant = members.required("tenant")?;
        let members = members.rest();
        if check_account(&members).is_err() {
            let right = "or `phone` or `id` is required, as a text; an e-mail address has an `@`";
            return Err(ControlError::wrong("email", right));
        }
        let customer = self.state().save(&tenant, &members);
        Ok(json!({"id": id_of(&customer)}))
    }

    fn credentials_for(&self, user: &str) -> Option<Value> {
        let now = self.clock.now().timestamp();
        let token = self.state().token_for(None, user, now)?;
        Some(json!({"access_token": token}))
    }

    fn revoke_credentials(&self) {
        self.state().revoke_tokens();
    }

    fn expire_codes(&self) {
        self.state().expire_codes();
    }

    fn open_link(&self, code: &str) -> bool {
        self.state().open_link(code)
    }

    fn reset(&self) {
        self.forget();
    }
}

fn summary(customer: &Customer) -> UserSummary {
    let text = |name: &str| customer.members.get(name).and_then(Value::as_str);
    let contacts = [
        (Channel::Sms, text("phone")),
        (Channel::Email, text("email")),
    ];
    let contacts = contacts.into_iter().filter_map(|(channel, value)| {
        Some(ContactSummary {
            channel,
            value: value?.to_owned(),
            // The system does not tell whether a contact is verified; signing in by a code proves it.
            verified: false,
        })
    });
    UserSummary {
        id: id_of(&customer.members).to_owned(),
        tenant: Some(customer.tenant.clone()),
        name: UserSummary::whole_name(text("firstName"), text("lastName")),
        contacts: contacts.collect(),
        has_password: false,
        states: Vec::new(),
    }
}
