//! The users as they see themselves: creating one, and the profile.

use serde_json::{Map, Value, json};

use super::Wunder;
use super::asked::Asked;
use super::errors::{Answered, email_taken, malformed, user_exists};
use super::state::State;
use super::users::UserId;
use crate::testing::jwt::Issuer;
use crate::testing::{Channel, MockResponse};

/// Members that a request can not set: those with rules of their own, those that the server
/// keeps, and what must never come back.
const NOT_FREE: [&str; 9] = [
    "uuid",
    "email",
    "phoneNumber",
    "emailIsVerified",
    "phoneIsVerified",
    "termsAndConditionsAcceptanceState",
    "password",
    "branchId",
    "token",
];

/// How long signed data can be shown to another system.
const SIGNED_SECONDS: i64 = 600;

impl State {
    pub(super) fn create_customer(&mut self, asked: &Asked<'_>) -> Answered {
        asked.members()?;
        let email = asked.email()?.map(str::to_owned);
        let password = match &asked.body["password"] {
            Value::Null => None,
            password => {
                let password = password.as_str().unwrap_or_default();
                self.password_rules.check(password, email.as_deref())?;
                Some(password.to_owned())
            }
        };
        let id = self.create(asked, email.as_deref(), password)?;
        self.users[id].members = free_members(asked.members()?);
        if let Some(email) = email {
            self.send_email_verification(id, &email, asked);
        }
        Ok(MockResponse::json(200, self.profile(id)))
    }

    /// A user with the contacts of the body, if nobody has them.
    pub(super) fn create(
        &mut self,
        asked: &Asked<'_>,
        email: Option<&str>,
        password: Option<String>,
    ) -> Result<UserId, MockResponse> {
        let phone = asked.phone()?;
        let branch = asked.branch();
        if let Some(branch) = &branch {
            self.branches.check(branch)?;
        }
        if email.is_none() && phone.is_none() {
            return Err(malformed("email or phoneNumber is needed"));
        }
        if email.is_some_and(|email| self.users.by_email(email).is_some()) {
            return Err(email_taken());
        }
        if phone.is_some_and(|phone| self.users.by_phone(phone).is_some()) {
            return Err(user_exists());
        }
        let id = self.users.add();
        if let Some(email) = email {
            self.users.set_email(id, email);
        }
        if let Some(phone) = phone {
            self.users.set_phone(id, phone);
        }
        self.users[id].branch = branch;
        self.users[id].password = password;
        Ok(id)
    }

    pub(super) fn get_customer(&mut self, asked: &Asked<'_>) -> Answered {
        let id = self.customer(asked)?;
        Ok(MockResponse::json(200, self.profile(id)))
    }

    /// What is left out or null stays as it is.
    pub(super) fn update_customer(&mut self, asked: &Asked<'_>) -> Answered {
        let id = self.customer(asked)?;
        let members = asked.members()?;
        let is_other = |holder: Option<UserId>| holder.is_some_and(|holder| holder != id);
        let (email, phone) = (asked.email()?, asked.phone()?);
        if email.is_some_and(|email| is_other(self.users.by_email(email))) {
            return Err(email_taken());
        }
        if phone.is_some_and(|phone| is_other(self.users.by_phone(phone))) {
            return Err(user_exists());
        }
        let user = &mut self.users[id];
        user.members.extend(free_members(members));
        let has_phone = |phone| user.phone().is_some_and(|known| known.value == phone);
        let has_email = |email| user.email().is_some_and(|known| known.value == email);
        let phone = phone.filter(|phone| !has_phone(*phone));
        let email = email.filter(|email| !has_email(*email));
        if let Some(phone) = phone {
            self.users.set_phone(id, phone);
        }
        if let Some(email) = email {
            self.users.set_email(id, email);
        }
        Ok(MockResponse::json(200, self.profile(id)))
    }

    pub(super) fn get_signed_customer(&mut self, asked: &Asked<'_>) -> Answered {
        let id = self.customer(asked)?;
        let mut claims = self.profile(id);
        claims["sub"] = json!(self.users[id].uuid);
        claims["iss"] = json!("wunder mock");
        claims["iat"] = json!(asked.seconds());
        claims["exp"] = json!(asked.seconds() + SIGNED_SECONDS);
        let token = Issuer::new(Wunder::SIGNED_DATA_KEY).issue(&claims);
        Ok(MockResponse::json(200, json!(token)))
    }

    /// A wish that can be said again.
    pub(super) fn request_deletion(&mut self, asked: &Asked<'_>) -> Answered {
        let id = self.customer(asked)?;
        self.users[id].asked_for_deletion = true;
        Ok(MockResponse::json(200, json!({})))
    }

    /// Null members are left out, as the real server does.
    pub(super) fn profile(&self, id: UserId) -> Value {
        let user = &self.users[id];
        let mut profile = user.members.clone();
        profile.insert("uuid".into(), json!(user.uuid));
        for (name, flag, contact) in [
            ("phoneNumber", "phoneIsVerified", user.phone()),
            ("email", "emailIsVerified", user.email()),
        ] {
            if let Some(contact) = contact {
                profile.insert(name.into(), json!(contact.value));
            }
            let is_verified = contact.is_some_and(|contact| contact.is_verified);
            profile.insert(flag.into(), json!(is_verified));
        }
        if let Some(standing) = self.standing(id) {
            let name = "termsAndConditionsAcceptanceState";
            profile.insert(name.into(), json!(standing.name()));
        }
        Value::Object(profile)
    }

    pub(super) fn send_email_verification(&mut self, id: UserId, email: &str, asked: &Asked<'_>) {
        let code = self.next_code();
        asked.send(Channel::Email, email, &code);
        self.users[id].codes.email_verification = Some(code);
    }
}

impl Wunder {
    /// The key of the signed profile, a JWT by HS256.
    pub const SIGNED_DATA_KEY: &'static str = "test-signed-data-key";

    /// Whether a user, who is named by phone number, e-mail address or uuid, asked for deletion.
    pub fn asked_for_deletion(&self, user: &str) -> bool {
        let state = self.world.state();
        let found = state.users.find(user);
        found.is_some_and(|id| state.users[id].asked_for_deletion)
    }
}

fn free_members(members: &Map<String, Value>) -> Map<String, Value> {
    let free = members
        .iter()
        .filter(|(name, value)| !NOT_FREE.contains(&name.as_str()) && !value.is_null());
    free.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
