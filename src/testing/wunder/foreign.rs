//! Accounts at third parties: social logins, Gaiyo, and tokens to exchange.

use serde_json::{Value, json};

use super::Wunder;
use super::asked::Asked;
use super::errors::{Answered, malformed, no_such_user, user_exists, wrong_secret};
use super::state::State;
use super::tokens::Owner;
use super::users::UserId;
use crate::testing::MockResponse;

/// The provider whose tokens go to a sign-in of their own.
const GAIYO: &str = "gaiyo";

/// An account at a third party, proved by a token that it issued.
pub(super) struct ForeignAccount {
    provider: String,
    token: String,
    /// The address that the third party vouches for.
    email: Option<String>,
    user: Option<UserId>,
}

impl State {
    pub(super) fn social_login(&mut self, asked: &Asked<'_>) -> Answered {
        let place = self.proved(asked, |provider| provider != GAIYO)?;
        let user = self.foreign[place].user.ok_or_else(no_such_user)?;
        self.admit(user, asked)
    }

    pub(super) fn sign_in_gaiyo(&mut self, asked: &Asked<'_>) -> Answered {
        let place = self.proved(asked, |provider| provider == GAIYO)?;
        let user = self.foreign[place].user.ok_or_else(no_such_user)?;
        self.admit(user, asked)
    }

    /// The address is verified if the third party vouches for the same one.
    pub(super) fn social_sign_up(&mut self, asked: &Asked<'_>) -> Answered {
        let place = self.proved(asked, |provider| provider != GAIYO)?;
        if self.foreign[place].user.is_some() {
            return Err(user_exists());
        }
        let vouched = self.foreign[place].email.clone();
        let email = asked.email()?.map(str::to_owned).or(vouched.clone());
        let id = self.create(asked, email.as_deref(), None)?;
        if email.is_some() && email == vouched {
            self.users[id].verify_email();
        }
        self.foreign[place].user = Some(id);
        Ok(MockResponse::json(200, self.profile(id)))
    }

    /// A token of the body must be genuine; without one the session is all that is exchanged.
    pub(super) fn openid_token_exchange(&mut self, asked: &Asked<'_>) -> Answered {
        let subject = match self.owner(asked)? {
            Owner::User(user) => self.users[self.unlocked(user)?].uuid.clone(),
            Owner::Client(id) => id,
        };
        if texts(&asked.body).next().is_some() {
            self.proved(asked, |_| true)?;
        }
        let token = self.tokens.openid(&subject, asked.seconds());
        Ok(MockResponse::json(200, json!({"token": token})))
    }

    /// The account whose token the body carries. What its member is called is not published, so
    /// any may have it.
    fn proved(&self, asked: &Asked<'_>, of: impl Fn(&str) -> bool) -> Result<usize, MockResponse> {
        asked.members()?;
        if texts(&asked.body).next().is_none() {
            return Err(malformed("what the third party issued is needed"));
        }
        let mut accounts = self.foreign.iter();
        let place = accounts.position(|account| {
            of(&account.provider) && texts(&asked.body).any(|text| text == account.token)
        });
        place.ok_or_else(wrong_secret)
    }

    pub(super) fn link(&mut self, provider: &str, token: &str, user: UserId) {
        self.foreign.push(ForeignAccount {
            provider: provider.to_owned(),
            token: token.to_owned(),
            email: None,
            user: Some(user),
        });
    }
}

impl Wunder {
    /// Makes `token` a genuine one of a third party, for somebody who is no user yet and whose
    /// e-mail address it vouches for. The tokens of the provider `gaiyo` are for the sign-in with
    /// Gaiyo alone.
    pub fn add_social_account(&self, provider: &str, token: &str, email: Option<&str>) {
        self.world.state().foreign.push(ForeignAccount {
            provider: provider.to_owned(),
            token: token.to_owned(),
            email: email.map(str::to_owned),
            user: None,
        });
    }
}

/// The texts of an object.
fn texts(body: &Value) -> impl Iterator<Item = &str> {
    let members = body.as_object().into_iter().flatten();
    members.filter_map(|(_, value)| value.as_str())
}
