//! Users that a test adds to the mock.

use std::fmt;

use serde_json::{Map, Value};

use super::users::UserId;
use super::{State, Wunder};
use crate::secret::Secret;

/// A user for [`Wunder::add_user`].
///
/// ```
/// use vestibule::testing::{Wunder, WunderUser};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let mock = Wunder::start().await;
/// let ada = WunderUser::new().verified_email("ada@example.org").password("not-a-real-password");
/// let uuid = mock.add_user(ada);
/// assert!(mock.lock_user(&uuid));
/// # });
/// ```
#[derive(Clone, Default)]
#[must_use = "a user has no effect until it is passed to `add_user`"]
pub struct WunderUser {
    phone: Option<(String, bool)>,
    email: Option<(String, bool)>,
    password: Option<String>,
    branch: Option<String>,
    accounts: Vec<(String, Secret)>,
    created_by: Option<String>,
    members: Map<String, Value>,
    must_use_second_factor: bool,
}

impl fmt::Debug for WunderUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WunderUser")
            .field("phone", &self.phone)
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

impl WunderUser {
    /// A user without any data.
    pub fn new() -> Self {
        Self::default()
    }

    /// A phone number that is not verified yet.
    pub fn phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some((phone.into(), false));
        self
    }

    /// A verified phone number.
    pub fn verified_phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some((phone.into(), true));
        self
    }

    /// An e-mail address that is not verified yet.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some((email.into(), false));
        self
    }

    /// A verified e-mail address.
    pub fn verified_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some((email.into(), true));
        self
    }

    /// A password. The rules for new passwords do not apply to it.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The branch that the user belongs to.
    pub fn branch(mut self, id: impl Into<String>) -> Self {
        self.branch = Some(id.into());
        self
    }

    /// A social account that signs the user in with `token`; the provider is `gaiyo` or any other
    /// name. A user may have several.
    pub fn social(mut self, provider: impl Into<String>, token: Secret) -> Self {
        self.accounts.push((provider.into(), token));
        self
    }

    /// The API client that created the user and may act on behalf of the user.
    pub fn created_by(mut self, client_id: impl Into<String>) -> Self {
        self.created_by = Some(client_id.into());
        self
    }

    /// An additional member of the profile, such as `customProperties`.
    pub fn member(mut self, name: impl Into<String>, value: Value) -> Self {
        self.members.insert(name.into(), value);
        self
    }

    /// Requires a second factor from the user, even before the user has set one up; the provisional
    /// credential is valid for the set-up.
    pub fn must_use_second_factor(mut self) -> Self {
        self.must_use_second_factor = true;
        self
    }
}

impl State {
    /// Adds a user, or updates the one with the same phone number or e-mail address.
    pub(super) fn add_user(&mut self, seed: WunderUser) -> UserId {
        let by_phone = (seed.phone.as_ref()).and_then(|(phone, _)| self.users.by_phone(phone));
        let by_email = (seed.email.as_ref()).and_then(|(email, _)| self.users.by_email(email));
        let known = by_phone.or(by_email);
        let id = known.unwrap_or_else(|| self.users.add());
        if let Some((phone, is_verified)) = &seed.phone {
            self.users.set_phone(id, phone);
            if *is_verified {
                self.users[id].verify_phone();
            }
        }
        if let Some((email, is_verified)) = &seed.email {
            self.users.set_email(id, email);
            if *is_verified {
                self.users[id].verify_email();
            }
        }
        for (provider, token) in &seed.accounts {
            self.add_social_account(provider, token.expose(), None, Some(id));
        }
        let user = &mut self.users[id];
        user.password = seed.password.or(user.password.take());
        user.branch = seed.branch.or(user.branch.take());
        user.created_by = seed.created_by.or(user.created_by.take());
        user.members.extend(seed.members);
        user.factor.is_forced |= seed.must_use_second_factor;
        id
    }
}

impl Wunder {
    /// Adds a user and returns the uuid. An existing user with the same phone number or e-mail
    /// address is updated instead.
    pub fn add_user(&self, seed: WunderUser) -> String {
        let mut state = self.shared.state();
        let id = state.add_user(seed);
        state.users[id].uuid.clone()
    }

    /// Locks a user: all calls of the user fail with `U131` from now on. Returns false if the user
    /// does not exist.
    pub fn lock_user(&self, user: &str) -> bool {
        self.update_user(user, |user| user.is_locked = true)
    }

    /// Unlocks a user. Returns false if the user does not exist.
    pub fn unlock_user(&self, user: &str) -> bool {
        self.update_user(user, |user| user.is_locked = false)
    }
}
