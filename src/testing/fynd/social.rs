//! Signing in by a social account.

use serde_json::{Value, json};

use super::pending_registrations::Registration;
use super::request_context::{RequestContext, text};
use super::responses::api_error;
use super::seed::FyndSignIn;
use super::state::SocialAccount;
use super::user::{Contact, Details, FyndProvider};
use crate::testing::{MockResponse, MockResult};

impl RequestContext<'_> {
    pub(super) fn login_with_oauth(&mut self, provider: FyndProvider) -> MockResult {
        let token = text(&self.body["oauth2"], "access_token");
        let id = text(&self.body["profile"], "id");
        let expiry = self.body["oauth2"]["expiry"].as_i64();
        if expiry.is_some_and(|expiry| expiry <= self.now.timestamp_millis()) {
            return Err(token_invalid());
        }
        self.login_with(provider, token, id)
    }

    pub(super) fn login_with_apple(&mut self) -> MockResult {
        let token = text(&self.body["oauth"], "identity_token");
        let id = self.text("user_identifier");
        self.login_with(FyndProvider::Apple, token, id)
    }

    /// Signs in the user who has used the account before or has confirmed its e-mail address;
    /// otherwise begins a registration.
    fn login_with(
        &mut self,
        provider: FyndProvider,
        token: Option<String>,
        id: Option<String>,
    ) -> MockResult {
        self.check_enabled(FyndSignIn::Social(provider))?;
        let account = token
            .and_then(|token| self.state.social_account(&token, self.now))
            .filter(|account| {
                let (issuer, known) = &account.identity;
                *issuer == provider && id.is_none_or(|id| id == *known)
            })
            .ok_or_else(token_invalid)?;
        let Some(user_id) = self.owner_of(&account) else {
            let registration = self.registration_of(account);
            let id = self.state.registrations.add(registration);
            return Ok(self.registration_pending(id));
        };
        if let Some(user) = self.state.users.get_mut(&user_id)
            && !user.identities.contains(&account.identity)
        {
            user.identities.push(account.identity);
        }
        let body = json!({"user": self.user_json(&user_id)?, "user_exists": true});
        Ok(self.sign_in_response(&user_id, body))
    }

    fn owner_of(&self, account: &SocialAccount) -> Option<String> {
        self.state.owner_of_identity(&account.identity).or_else(|| {
            let email = Contact::Email(account.email.clone()?);
            let owner = self.state.owner(&email)?;
            let entry = self.state.users.get(&owner)?.contacts.get(&email)?;
            entry.verified.then_some(owner)
        })
    }

    /// A registration with the e-mail address that the provider has verified, and with the names that
    /// the app sent.
    fn registration_of(&self, account: SocialAccount) -> Registration {
        let profile: &Value = &self.body["profile"];
        let mut registration = Registration {
            details: Details {
                first_name: text(profile, "first_name"),
                last_name: text(profile, "last_name"),
                picture: text(profile, "image"),
                ..Details::default()
            },
            identity: Some(account.identity),
            ..Registration::default()
        };
        let email = account.email.map(Contact::Email);
        // The address may belong to a user who has not confirmed it.
        if let Some(email) = email.filter(|email| self.state.owner(email).is_none()) {
            registration.confirm(&email);
        }
        registration
    }
}

fn token_invalid() -> MockResponse {
    api_error(
        401,
        "SOCIAL_TOKEN_INVALID",
        "the provider does not accept the token",
    )
}
