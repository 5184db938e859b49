//! The ways in, and what keeps a session alive or ends it.

use serde_json::json;

use super::Wunder;
use super::asked::Asked;
use super::errors::{Answered, api_error, wrong_secret};
use super::state::State;
use super::tokens::Owner;
use super::users::{UserId, burn};
use crate::testing::MockResponse;

impl State {
    /// A code is good once, and no more when the user asked for another.
    pub(super) fn sign_in_phone_number(&mut self, asked: &Asked<'_>) -> Answered {
        let (phone, code) = (asked.needed("phoneNumber")?, asked.needed("code")?);
        let id = self.users.by_phone(phone).ok_or_else(wrong_secret)?;
        let user = &mut self.users[id];
        if !burn(&mut user.codes.phone_login, code) {
            return Err(wrong_secret());
        }
        user.verify_phone();
        self.admit(id, asked)
    }

    pub(super) fn sign_in_email_code(&mut self, asked: &Asked<'_>) -> Answered {
        let (email, code) = (asked.needed("email")?, asked.needed("code")?);
        let id = self.users.by_email(email).ok_or_else(wrong_secret)?;
        let user = &mut self.users[id];
        if !burn(&mut user.codes.email_login, code) {
            return Err(wrong_secret());
        }
        user.verify_email();
        self.admit(id, asked)
    }

    /// A wrong password, an unknown address and a user without a password look the same.
    pub(super) fn sign_in_email(&mut self, asked: &Asked<'_>) -> Answered {
        let (email, password) = (asked.needed("email")?, asked.needed("password")?);
        let id = self.users.by_email(email).ok_or_else(wrong_secret)?;
        if self.users[id].password.as_deref() != Some(password) {
            return Err(wrong_secret());
        }
        self.admit(id, asked)
    }

    pub(super) fn sign_in_api_client(&mut self, asked: &Asked<'_>) -> Answered {
        let (id, key) = (asked.needed("clientId")?, asked.needed("clientKey")?);
        if self.clients.get(id).map(String::as_str) != Some(key) {
            return Err(wrong_secret());
        }
        let client = Owner::Client(id.to_owned());
        Ok(self.start_session(&client, id, asked))
    }

    /// Who proved to be a user is signed in, or half of it if there is a second factor.
    pub(super) fn admit(&mut self, id: UserId, asked: &Asked<'_>) -> Answered {
        let user = &self.users[self.unlocked(id)?];
        let uuid = user.uuid.clone();
        if user.factor.is_needed() {
            let access = self.tokens.start_provisional(id, &uuid, asked.seconds());
            let body = json!({"accessToken": access, "mfaRequired": true});
            return Ok(MockResponse::json(200, body));
        }
        Ok(self.start_session(&Owner::User(id), &uuid, asked))
    }

    pub(super) fn start_session(
        &mut self,
        owner: &Owner,
        subject: &str,
        asked: &Asked<'_>,
    ) -> MockResponse {
        let (access, refresh) = self.tokens.start(owner, subject, asked.seconds());
        let body = json!({"accessToken": access, "refreshToken": refresh, "mfaRequired": false});
        MockResponse::json(200, body)
    }

    pub(super) fn refresh_token(&mut self, asked: &Asked<'_>) -> Answered {
        let ended = || api_error(401, "A202", "the refresh token is not valid");
        let presented = asked.needed("refreshToken")?;
        let grant = self.tokens.renewable(presented, asked.seconds());
        let subject = match grant.ok_or_else(ended)?.owner {
            Owner::User(user) => self.users[self.unlocked(user)?].uuid.clone(),
            Owner::Client(id) => id,
        };
        let renewed = self.tokens.renew(presented, &subject, asked.seconds());
        let (access, refresh) = renewed.ok_or_else(ended)?;
        let mut body = json!({"accessToken": access, "mfaRequired": false});
        if let Some(refresh) = refresh {
            body["refreshToken"] = json!(refresh);
        }
        Ok(MockResponse::json(200, body))
    }

    /// Insists on a body, whatever is in it; a refresh token in it ends too.
    pub(super) fn logout(&mut self, asked: &Asked<'_>) -> Answered {
        let owner = self.owner(asked)?;
        asked.members()?;
        for token in [asked.call.bearer(), asked.text("refreshToken")] {
            self.tokens.end_session(&owner, token.unwrap_or_default());
        }
        Ok(MockResponse::empty(200))
    }
}

impl Wunder {
    /// Adds an API client that signs in by this id and key. It may act for the users that were
    /// added as [created by](super::WunderUser::created_by) it.
    pub fn add_api_client(&self, id: &str, key: &str) {
        let mut state = self.world.state();
        state.clients.insert(id.to_owned(), key.to_owned());
    }
}
