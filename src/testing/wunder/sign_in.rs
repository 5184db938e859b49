//! Signing in, refreshing tokens and signing out.

use serde_json::json;

use super::errors::{api_error, wrong_secret};
use super::request::Request;
use super::tokens::Owner;
use super::users::{UserId, consume_code};
use super::{State, Wunder};
use crate::secret::Secret;
use crate::testing::{MockResponse, MockResult};

impl State {
    pub(super) fn sign_in_phone_number(&mut self, request: &Request<'_>) -> MockResult {
        let (phone, code) = (
            request.required_text("phoneNumber")?,
            request.required_text("code")?,
        );
        let id = self.users.by_phone(phone).ok_or_else(wrong_secret)?;
        let user = &mut self.users[id];
        if !consume_code(&mut user.codes.phone_login, code) {
            return Err(wrong_secret());
        }
        user.verify_phone();
        self.sign_in(id, request)
    }

    pub(super) fn sign_in_email_code(&mut self, request: &Request<'_>) -> MockResult {
        let (email, code) = (
            request.required_text("email")?,
            request.required_text("code")?,
        );
        let id = self.users.by_email(email).ok_or_else(wrong_secret)?;
        let user = &mut self.users[id];
        if !consume_code(&mut user.codes.email_login, code) {
            return Err(wrong_secret());
        }
        user.verify_email();
        self.sign_in(id, request)
    }

    /// A wrong password, an unknown address and a user without a password have the same response.
    pub(super) fn sign_in_email(&mut self, request: &Request<'_>) -> MockResult {
        let (email, password) = (
            request.required_text("email")?,
            request.required_text("password")?,
        );
        let id = self.users.by_email(email).ok_or_else(wrong_secret)?;
        if self.users[id].password.as_deref() != Some(password) {
            return Err(wrong_secret());
        }
        self.sign_in(id, request)
    }

    pub(super) fn sign_in_api_client(&mut self, request: &Request<'_>) -> MockResult {
        let (id, key) = (
            request.required_text("clientId")?,
            request.required_text("clientKey")?,
        );
        if self.clients.get(id).map(String::as_str) != Some(key) {
            return Err(wrong_secret());
        }
        let client = Owner::Client(id.to_owned());
        Ok(self.start_session(&client, id, request))
    }

    /// Signs in a user who has passed the first factor. A required second factor makes the token
    /// provisional.
    pub(super) fn sign_in(&mut self, id: UserId, request: &Request<'_>) -> MockResult {
        let user = &self.users[self.unlocked(id)?];
        let uuid = user.uuid.clone();
        if user.factor.is_required() {
            let access = self.tokens.start_provisional(id, &uuid, request.seconds());
            let body = json!({"accessToken": access, "mfaRequired": true});
            return Ok(MockResponse::ok(body));
        }
        Ok(self.start_session(&Owner::User(id), &uuid, request))
    }

    pub(super) fn start_session(
        &mut self,
        owner: &Owner,
        subject: &str,
        request: &Request<'_>,
    ) -> MockResponse {
        let (access, refresh) = self.tokens.start(owner, subject, request.seconds());
        let body = json!({"accessToken": access, "refreshToken": refresh, "mfaRequired": false});
        MockResponse::ok(body)
    }

    pub(super) fn refresh_token(&mut self, request: &Request<'_>) -> MockResult {
        let invalid = || api_error(401, "A202", "the refresh token is not valid");
        let presented = request.required_text("refreshToken")?;
        let info = self.tokens.refresh_info(presented, request.seconds());
        let subject = match info.ok_or_else(invalid)?.owner {
            Owner::User(user) => self.users[self.unlocked(user)?].uuid.clone(),
            Owner::Client(id) => id,
        };
        let refreshed = self.tokens.refresh(presented, &subject, request.seconds());
        let (access, refresh) = refreshed.ok_or_else(invalid)?;
        let mut body = json!({"accessToken": access, "mfaRequired": false});
        if let Some(refresh) = refresh {
            body["refreshToken"] = json!(refresh);
        }
        Ok(MockResponse::ok(body))
    }

    /// Requires an object as body, and revokes a refresh token in it.
    pub(super) fn logout(&mut self, request: &Request<'_>) -> MockResult {
        let owner = self.owner(request)?;
        request.members()?;
        for token in [request.call.bearer(), request.text("refreshToken")] {
            self.tokens.end_session(&owner, token.unwrap_or_default());
        }
        Ok(MockResponse::empty(200))
    }
}

impl Wunder {
    /// Adds an API client with this id and key. It may act on behalf of users with this client as
    /// [`created_by`](super::WunderUser::created_by).
    pub fn add_api_client(&self, id: &str, key: &Secret) {
        let mut state = self.shared.state();
        state.clients.insert(id.to_owned(), key.expose().to_owned());
    }
}
