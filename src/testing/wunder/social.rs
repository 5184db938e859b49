//! Social accounts: sign-in and sign-up by a provider, by Gaiyo, and the token exchange.

use serde_json::{Value, json};

use super::errors::{malformed, no_such_user, user_exists, wrong_secret};
use super::request::Request;
use super::tokens::Owner;
use super::users::UserId;
use super::{State, Wunder};
use crate::secret::Secret;
use crate::testing::{MockResponse, MockResult};

/// The provider with its own sign-in operation.
const GAIYO: &str = "gaiyo";

/// An account at a social provider, identified by a token of the provider.
pub(super) struct SocialAccount {
    provider: String,
    token: String,
    /// The address that the provider has verified.
    email: Option<String>,
    user: Option<UserId>,
}

impl State {
    pub(super) fn social_login(&mut self, request: &Request<'_>) -> MockResult {
        let index = self.account_of(request, |provider| provider != GAIYO)?;
        let user = self.social_accounts[index].user.ok_or_else(no_such_user)?;
        self.sign_in(user, request)
    }

    pub(super) fn sign_in_gaiyo(&mut self, request: &Request<'_>) -> MockResult {
        let index = self.account_of(request, |provider| provider == GAIYO)?;
        let user = self.social_accounts[index].user.ok_or_else(no_such_user)?;
        self.sign_in(user, request)
    }

    /// The address is verified if the provider has verified the same one.
    pub(super) fn social_sign_up(&mut self, request: &Request<'_>) -> MockResult {
        let index = self.account_of(request, |provider| provider != GAIYO)?;
        if self.social_accounts[index].user.is_some() {
            return Err(user_exists());
        }
        let verified = self.social_accounts[index].email.clone();
        let email = request.email()?.map(str::to_owned).or(verified.clone());
        let id = self.create(request, email.as_deref(), None)?;
        if email.is_some() && email == verified {
            self.users[id].verify_email();
        }
        self.social_accounts[index].user = Some(id);
        Ok(MockResponse::ok(self.profile(id)))
    }

    /// A token in the body must be valid; without one only the session is exchanged.
    pub(super) fn openid_token_exchange(&mut self, request: &Request<'_>) -> MockResult {
        let subject = match self.owner(request)? {
            Owner::User(user) => self.users[self.unlocked(user)?].uuid.clone(),
            Owner::Client(id) => id,
        };
        if texts(&request.body).next().is_some() {
            self.account_of(request, |_| true)?;
        }
        let token = self.tokens.openid(&subject, request.seconds());
        Ok(MockResponse::ok(json!({"token": token})))
    }

    /// The account whose token the body contains. The name of the member is not published, so any
    /// member may contain it.
    fn account_of(
        &self,
        request: &Request<'_>,
        is_provider: impl Fn(&str) -> bool,
    ) -> MockResult<usize> {
        request.members()?;
        if texts(&request.body).next().is_none() {
            return Err(malformed("the token of the provider is required"));
        }
        let mut accounts = self.social_accounts.iter();
        let index = accounts.position(|account| {
            is_provider(&account.provider) && texts(&request.body).any(|text| text == account.token)
        });
        index.ok_or_else(wrong_secret)
    }

    pub(super) fn add_social_account(
        &mut self,
        provider: &str,
        token: &str,
        email: Option<&str>,
        user: Option<UserId>,
    ) {
        self.social_accounts.push(SocialAccount {
            provider: provider.to_owned(),
            token: token.to_owned(),
            email: email.map(str::to_owned),
            user,
        });
    }
}

impl Wunder {
    /// Makes `token` a valid token of a social provider that belongs to no user yet; the provider has
    /// verified `email`. Tokens of the provider `gaiyo` are only valid for the sign-in with Gaiyo.
    pub fn add_social_account(&self, provider: &str, token: &Secret, email: Option<&str>) {
        let mut state = self.shared.state();
        state.add_social_account(provider, token.expose(), email, None);
    }
}

/// The string members of an object.
fn texts(body: &Value) -> impl Iterator<Item = &str> {
    let members = body.as_object().into_iter().flatten();
    members.filter_map(|(_, value)| value.as_str())
}
