//! How far a step took a user who signs in.

use super::client::Client;
use super::profile::{CompleteProfile, NewUser};
use super::remaining_codes::RemainingCodes;
use super::session::Session;
use super::unfinished::finish;
use crate::challenge::FirstMessage;
use crate::error::Error;
use crate::secret::Secret;
use crate::session::CookieJar;

/// How far a step took the user.
#[derive(Debug)]
#[must_use = "a user who has a next step is not signed in"]
pub enum SignIn {
    /// The user is signed in.
    SignedIn(Session),
    /// The user is new: there is nobody to sign in before the profile is complete.
    ProfileRequired(CompleteProfile),
    /// Codes were sent that the user must confirm first.
    CodesRequired(RemainingCodes),
}

impl SignIn {
    /// The session, if the user is signed in.
    pub fn signed_in(self) -> Option<Session> {
        match self {
            Self::SignedIn(session) => Some(session),
            Self::ProfileRequired(_) | Self::CodesRequired(_) => None,
        }
    }
}

/// What an answer says of the user: a new one has the token of a registration and no session.
pub(super) struct Verdict {
    pub(super) has_user: bool,
    pub(super) user_exists: Option<bool>,
    pub(super) register_token: Option<Secret>,
}

impl Verdict {
    /// The token of the registration that has to go on, or nothing if the user is signed in.
    /// `former` is the token of an earlier answer.
    pub(super) fn registration(self, former: Option<&Secret>) -> Option<Secret> {
        match self.user_exists {
            Some(false) => self.register_token.or_else(|| former.cloned()),
            None if !self.has_user => self.register_token,
            _ => None,
        }
    }
}

/// A sign-in that one call begins and perhaps ends.
pub(super) struct AtOnce {
    client: Client,
    opening: FirstMessage,
    platform: Option<String>,
}

impl AtOnce {
    /// Before anything is sent: without a store there would be no session and no next step.
    pub(super) async fn begin(client: &Client, platform: Option<String>) -> Result<Self, Error> {
        let opening = FirstMessage::to_unknown(&client.context)?;
        opening.check_store().await?;
        Ok(Self {
            client: client.clone(),
            opening,
            platform,
        })
    }

    /// After the server agreed.
    pub(super) async fn end(
        self,
        verdict: Verdict,
        cookies: CookieJar,
        operation: &'static str,
    ) -> Result<SignIn, Error> {
        let Some(register_token) = verdict.registration(None) else {
            let session = finish(&self.client, &cookies, operation).await?;
            return Ok(SignIn::SignedIn(session));
        };
        let step = NewUser::new(self.platform, cookies, register_token);
        let open = self.opening.open(step, std::time::Duration::ZERO).await;
        let profile = CompleteProfile::resumed(self.client, open);
        Ok(SignIn::ProfileRequired(profile))
    }
}
