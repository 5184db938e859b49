//! Creating a user, and the profile.

use serde_json::{Map, Value, json};

use super::errors::{email_taken, malformed, user_exists};
use super::request::Request;
use super::users::UserId;
use super::{State, Wunder};
use crate::testing::jwt::Issuer;
use crate::testing::{MockResponse, MockResult};

/// Members of the profile that a request cannot set directly.
const PROTECTED_MEMBERS: [&str; 9] = [
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

/// Lifetime of the signed profile.
const SIGNED_SECONDS: i64 = 600;

impl State {
    pub(super) fn create_customer(&mut self, request: &Request<'_>) -> MockResult {
        request.members()?;
        let email = request.email()?.map(str::to_owned);
        let password = match &request.body["password"] {
            Value::Null => None,
            password => {
                let password = password.as_str().unwrap_or_default();
                self.password_rules.check(password, email.as_deref())?;
                Some(password.to_owned())
            }
        };
        let id = self.create(request, email.as_deref(), password)?;
        self.users[id].members = writable_members(request.members()?);
        if let Some(email) = email {
            self.send_email_verification(id, &email, request);
        }
        Ok(MockResponse::ok(self.profile(id)))
    }

    /// Creates a user with the contacts of the body, if they are not taken.
    pub(super) fn create(
        &mut self,
        request: &Request<'_>,
        email: Option<&str>,
        password: Option<String>,
    ) -> MockResult<UserId> {
        let phone = request.phone()?;
        let branch = request.branch();
        if let Some(branch) = &branch {
            self.branches.check(branch)?;
        }
        if email.is_none() && phone.is_none() {
            return Err(malformed("email or phoneNumber is required"));
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

    pub(super) fn get_customer(&mut self, request: &Request<'_>) -> MockResult {
        let id = self.customer(request)?;
        Ok(MockResponse::ok(self.profile(id)))
    }

    /// Members that are missing or null stay unchanged.
    pub(super) fn update_customer(&mut self, request: &Request<'_>) -> MockResult {
        let id = self.customer(request)?;
        let members = request.members()?;
        let is_other = |owner: Option<UserId>| owner.is_some_and(|owner| owner != id);
        let (email, phone) = (request.email()?, request.phone()?);
        if email.is_some_and(|email| is_other(self.users.by_email(email))) {
            return Err(email_taken());
        }
        if phone.is_some_and(|phone| is_other(self.users.by_phone(phone))) {
            return Err(user_exists());
        }
        let user = &mut self.users[id];
        user.members.extend(writable_members(members));
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
        Ok(MockResponse::ok(self.profile(id)))
    }

    pub(super) fn get_signed_customer(&mut self, request: &Request<'_>) -> MockResult {
        let id = self.customer(request)?;
        let mut claims = self.profile(id);
        claims["sub"] = json!(self.users[id].uuid);
        claims["iss"] = json!("wunder mock");
        claims["iat"] = json!(request.seconds());
        claims["exp"] = json!(request.seconds() + SIGNED_SECONDS);
        let token = Issuer::new(Wunder::SIGNED_DATA_KEY).issue(&claims);
        Ok(MockResponse::ok(json!(token)))
    }

    pub(super) fn request_deletion(&mut self, request: &Request<'_>) -> MockResult {
        let id = self.customer(request)?;
        self.users[id].deletion_requested = true;
        Ok(MockResponse::ok(json!({})))
    }

    /// Null members are omitted, as by the real server.
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
        if let Some(state) = self.acceptance_state(id) {
            let name = "termsAndConditionsAcceptanceState";
            profile.insert(name.into(), json!(state.name()));
        }
        Value::Object(profile)
    }

    pub(super) fn send_email_verification(
        &mut self,
        id: UserId,
        email: &str,
        request: &Request<'_>,
    ) {
        let code = self.next_code();
        request.send_link(email, &code);
        self.users[id].codes.email_verification = Some(code);
    }
}

impl Wunder {
    /// The HS256 key of the signed profile, which is a JWT.
    pub const SIGNED_DATA_KEY: &'static str =
        "test-signed-data-key, long enough for each of the three algorithms of signatures";

    /// Whether a user has requested the deletion of the account.
    pub fn deletion_requested(&self, user: &str) -> bool {
        let state = self.shared.state();
        let found = state.users.find(user);
        found.is_some_and(|id| state.users[id].deletion_requested)
    }
}

fn writable_members(members: &Map<String, Value>) -> Map<String, Value> {
    let writable = members
        .iter()
        .filter(|(name, value)| !PROTECTED_MEMBERS.contains(&name.as_str()) && !value.is_null());
    writable
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
