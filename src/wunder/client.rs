//! The client of one tenant and its builder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::auth_api::AuthApi;
use super::branch::Branch;
use super::mfa::{MfaRequired, SecondFactor};
use super::pending_code::{CodeRequest, PendingCode};
use super::refresh::RefreshToken;
use super::rules::Rules;
use super::session::Session;
use super::signature::{BootstrapSignature, Sha256Hex};
use super::user_api::UserApi;
use crate::challenge::StoredChallenge;
use crate::client_config::{ClientConfig, client_config_setters, of_system};
use crate::error::{Error, System};
use crate::generated::wunder_auth::operations::BASE_PATH;
use crate::pipeline::{CallContext, CallOptions, Pipeline};
use crate::secret::Secret;
use crate::session::{Credential, Renew, SessionContext, Tokens};

/// One tenant of Wunder Mobility. Cheap to clone; all clones share connections and sessions.
#[derive(Clone)]
pub struct Client {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(super) context: Arc<SessionContext>,
    /// The wait between two messages to one number.
    pub(super) resend_wait: Duration,
}

/// A sign-in that was taken up by its id, at the step that it waits for.
#[derive(Debug)]
#[must_use = "a user with an open challenge is not signed in"]
pub enum Challenge {
    /// A code is on its way to the user's phone or mailbox.
    PendingCode(PendingCode),
    /// The code was right, and a second factor is needed.
    MfaRequired(MfaRequired),
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wunder::Client")
    }
}

/// Collects the settings of a [`Client`].
#[must_use = "there is no client before `build`"]
pub struct ClientBuilder {
    client_config: ClientConfig,
    tenant: String,
    signature_key: Option<Secret>,
    signature: Arc<dyn BootstrapSignature>,
    resend_wait: Duration,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wunder::ClientBuilder")
    }
}

impl ClientBuilder {
    client_config_setters!();

    /// The key that bootstrap requests are signed with. Without it the code flows are refused
    /// before anything is sent.
    pub fn signature_key(mut self, key: impl Into<Secret>) -> Self {
        self.signature_key = Some(key.into());
        self
    }

    /// Another signature scheme than [`Sha256Hex`].
    pub fn signature_scheme(mut self, scheme: impl BootstrapSignature) -> Self {
        self.signature = Arc::new(scheme);
        self
    }

    /// The wait between two messages to one number, also if the sign-in is started over. The
    /// vendor names none, so by default there is none; a back end that is open to everybody should
    /// have one.
    pub fn resend_wait(mut self, wait: Duration) -> Self {
        self.resend_wait = wait;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the setting that is
    /// wrong: `base_url`, `tenant`, `signature_key` or `language`.
    pub fn build(self) -> Result<Client, Error> {
        of_system(System::Wunder, self.checked())
    }

    fn checked(self) -> Result<Client, Error> {
        let well_formed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if self.tenant.is_empty() || !self.tenant.bytes().all(well_formed) {
            return Err(Error::invalid(
                "tenant",
                "must be letters, digits, `_` and `-`",
            ));
        }
        if self.signature_key.as_ref().is_some_and(Secret::is_empty) {
            return Err(Error::invalid("signature_key", "must not be empty"));
        }
        let base = self
            .client_config
            .base()?
            .with_start_of_path(BASE_PATH, "tenant", &self.tenant);
        let headers = self.client_config.default_headers()?;
        let rules = Rules::new(headers, self.signature_key, self.signature);
        let (pipeline, context) = self.client_config.build(base, Box::new(rules))?;
        Ok(Client {
            pipeline,
            context,
            resend_wait: self.resend_wait,
        })
    }
}

impl Client {
    /// A client of `tenant` (letters, digits, `_`, `-`) at `base_url`, such as
    /// `https://go.api.gourban.services/v1`.
    pub fn builder(base_url: impl Into<String>, tenant: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            client_config: ClientConfig::new(base_url.into()),
            tenant: tenant.into(),
            signature_key: None,
            signature: Arc::new(Sha256Hex),
            resend_wait: Duration::ZERO,
        }
    }

    /// The calls of the Authentication API that need no session.
    pub fn auth_api(&self) -> AuthApi {
        AuthApi::new(CallContext::new(self.pipeline.clone()))
    }

    /// The calls of the User API that need no session.
    pub fn user_api(&self) -> UserApi {
        UserApi::new(CallContext::new(self.pipeline.clone()))
    }

    /// The same calls as [`auth_api`](Self::auth_api), with options.
    pub fn auth_api_with(&self, options: CallOptions) -> AuthApi {
        AuthApi::new(CallContext::new(self.pipeline.clone()).with_options(options))
    }

    /// The same calls as [`user_api`](Self::user_api), with options.
    pub fn user_api_with(&self, options: CallOptions) -> UserApi {
        UserApi::new(CallContext::new(self.pipeline.clone()).with_options(options))
    }

    /// The branch that serves a place (degrees). Safe to repeat.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).build()?;
    /// let branch = client.resolve_branch(48.2, 16.4).await?;
    /// let sign_in = client.phone_sign_in("+43123456789", branch.id());
    /// # assert!(!branch.id().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/branches/resolve`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Undecodable`](crate::ErrorKind::Undecodable) if the branch has no id; else as
    /// any call, see [`Error`].
    pub async fn resolve_branch(&self, latitude: f64, longitude: f64) -> Result<Branch, Error> {
        Branch::resolve(self, latitude, longitude).await
    }

    /// Takes up a session by its id, here or after a restart.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such session.
    pub async fn session(&self, id: &Secret) -> Result<Session, Error> {
        let entry = self.context.resume(id, Some(self.renewal())).await?;
        Ok(Session::new(self, entry))
    }

    /// Takes up an unfinished sign-in by its id, on any instance that shares the store; sends
    /// nothing. Read in [`challenge`](crate::challenge) how an id is bound to its user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such challenge: it is
    /// finished, has expired, never was, or is of another tenant.
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    pub async fn challenge(&self, id: &Secret) -> Result<Challenge, Error> {
        let found = StoredChallenge::load(&self.context, id).await?;
        if found.is_at::<SecondFactor>() {
            let open = found.resume().await?;
            let mfa = MfaRequired::resumed(self.clone(), open);
            return Ok(Challenge::MfaRequired(mfa));
        }
        let open = found.resume::<CodeRequest>().await?;
        let pending = PendingCode::resumed(self.clone(), open);
        Ok(Challenge::PendingCode(pending))
    }

    /// Lets token exchanges that are under way finish and their tokens be saved. Afterwards
    /// nothing is renewed any more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if some did not finish in time.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.context.shutdown(deadline).await
    }

    /// Stores the tokens of a user who is now signed in.
    pub(super) async fn sign_in(&self, tokens: Tokens) -> Result<Session, Error> {
        let credential = Credential::Tokens(tokens);
        let entry = self
            .context
            .create(credential, Some(self.renewal()), None)
            .await?;
        Ok(Session::new(self, entry))
    }

    fn renewal(&self) -> Arc<dyn Renew> {
        Arc::new(RefreshToken::new(self.pipeline.clone()))
    }
}
