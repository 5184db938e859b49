//! The client of one GoodCity app and its builder.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::api::Api;
use super::mobile::MobileRule;
use super::pin_sign_in::{PendingPin, PinRequest};
use super::rules::{APP_NAME, Rules};
use super::session::Session;
use super::sign_up::SignUp;
use crate::challenge::StoredChallenge;
use crate::client_config::{ClientConfig, client_config_setters};
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::pipeline::{CallContext, CallOptions, Pipeline};
use crate::secret::Secret;
use crate::session::{Credential, SessionContext, Tokens};

/// A client that calls as one app of GoodCity. Cheap to clone: all clones share connections and
/// sessions.
#[derive(Clone)]
pub struct Client {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(super) context: Arc<SessionContext>,
    pub(super) mobile_rule: MobileRule,
}

/// A builder of a [`Client`].
#[must_use = "call `build` to get a client"]
pub struct ClientBuilder {
    config: ClientConfig,
    app_name: String,
    mobile_rule: MobileRule,
}

opaque_debug!("goodcity": Client, ClientBuilder);

impl ClientBuilder {
    client_config_setters!();

    /// Sets which mobile numbers are valid; [`MobileRule::Current`] by default.
    pub fn mobile_rule(mut self, rule: MobileRule) -> Self {
        self.mobile_rule = rule;
        self
    }

    /// Checks the settings and builds the client; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the wrong setting:
    /// `base_url`, `app_name` or `language`.
    pub fn build(self) -> Result<Client, Error> {
        let (pipeline, context) = self.config.build(|base, mut headers| {
            headers.insert(APP_NAME, app_name_header(&self.app_name)?);
            Ok((base, Rules::new(headers)))
        })?;
        Ok(Client {
            pipeline,
            context,
            mobile_rule: self.mobile_rule,
        })
    }
}

/// The list of apps may grow, so any name of the right form is valid.
fn app_name_header(name: &str) -> Result<HeaderValue, Error> {
    let well_formed = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.');
    let value = HeaderValue::from_str(name).ok();
    let value = value.filter(|_| !name.is_empty() && name.bytes().all(well_formed));
    let right = "must be the name of an app, such as `app` or `admin.goodcity`";
    value.ok_or_else(|| Error::invalid("app_name", right))
}

impl Client {
    /// Starts a client at `base_url`, such as `https://api.goodcity.hk`, that calls as the app
    /// `app_name`: `app`, `admin`, `stock`, `browse` or `settings_editor`, each also with the
    /// suffix `.goodcity`.
    ///
    /// The name is required because without it the server rejects existing users and invalidates
    /// their pins.
    pub fn builder(base_url: impl Into<String>, app_name: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            config: ClientConfig::new(System::GoodCity, base_url),
            app_name: app_name.into(),
            mobile_rule: MobileRule::default(),
        }
    }

    /// The operations that need no session.
    pub fn api(&self) -> Api {
        self.api_with(CallOptions::default())
    }

    /// The same as [`api`](Self::api), with options.
    pub fn api_with(&self, options: CallOptions) -> Api {
        Api::new(CallContext::new(self.pipeline.clone()).with_options(options))
    }

    /// Sends a pin by SMS to a user who has an account. `mobile` is a Hong Kong number with its
    /// country code, such as `+85251234567`.
    ///
    /// **Success does not mean that the number is registered.** For a number without an account the
    /// server returns the same response with a random key, sends no SMS, and accepts no pin. Tell
    /// the user only that a pin was sent if there is an account.
    ///
    /// Not idempotent: retried only if the server certainly did not process it. Every call
    /// invalidates earlier pins and their challenges. The server has no limit; this client sends
    /// one pin to a number in 60 seconds, as GoodCity's own clients do, across all challenges.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url(), "app").clock(mock.clock().clone()).build()?;
    /// # mock.add_user("+85261234567", "Ada", "Wong");
    /// let pending = client.send_pin("+85261234567").await?;
    /// let signed_in = match pending.confirm("0042").await {
    ///     Ok(signed_in) => signed_in,
    ///     // The user mistyped: the challenge is still open.
    ///     Err(returned) => returned.state.confirm(pin()).await?,
    /// };
    /// # assert!(signed_in.session.profile().await?.user_profile.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/v1/auth/send_pin`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a number against the
    /// client's [`MobileRule`], [`ErrorKind::SlowDown`](crate::ErrorKind::SlowDown) if the last pin
    /// is too fresh, [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the session store
    /// fails: nothing is sent in these cases. Else as any call, see [`Error`].
    pub async fn send_pin(&self, mobile: impl Into<String>) -> Result<PendingPin, Error> {
        PendingPin::ask(self, mobile.into()).await
    }

    /// Starts the sign-up of a new user with a Hong Kong mobile number, such as `+85251234567`;
    /// nothing is sent before [`SignUp::send_pin`].
    ///
    /// If the number already has an account, the server ignores the names and the address and sends
    /// the pin to the existing user. The response does not tell which happened.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url(), "app").clock(mock.clock().clone()).build()?;
    /// let sign_up = client.sign_up("+85261234567", "Ada", "Wong").district_id("1");
    /// let pending = sign_up.send_pin().await?;
    /// let id = pending.id().clone();
    /// // Later, at any instance that shares the store:
    /// let signed_in = client.challenge(&id).await?.confirm(pin()).await?;
    /// # assert!(signed_in.session.profile().await?.user_profile.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_up(
        &self,
        mobile: impl Into<String>,
        first_name: impl Into<String>,
        last_name: impl Into<String>,
    ) -> SignUp {
        SignUp::new(
            self.clone(),
            mobile.into(),
            first_name.into(),
            last_name.into(),
        )
    }

    /// Resumes a session by its id, on any instance that shares the store; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such session.
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    pub async fn session(&self, id: &Secret) -> Result<Session, Error> {
        let entry = self.context.resume(id, None).await?;
        Ok(Session::new(self, entry))
    }

    /// Resumes an unfinished sign-in by its id, on any instance that shares the store; sends
    /// nothing. [`challenge`](crate::challenge) explains how an id is bound to its user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such challenge: it
    /// is finished, has expired, never existed, or belongs to another server.
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    pub async fn challenge(&self, id: &Secret) -> Result<PendingPin, Error> {
        let stored = StoredChallenge::by_id(&self.context, id).await?;
        let active = stored.open::<PinRequest>().await?;
        Ok(PendingPin::resumed(self.clone(), active))
    }

    /// Waits up to `deadline` until running writes to the store have finished. Call it before the
    /// process ends.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if a write did not finish in time.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.context.shutdown(deadline).await
    }

    /// Stores the token of a new session whose mobile number is unknown.
    pub(super) async fn sign_in(&self, tokens: Tokens) -> Result<Session, Error> {
        self.sign_in_by(None, tokens).await
    }

    /// Stores the token of a new session, with the mobile number that received the pin.
    pub(super) async fn sign_in_by(
        &self,
        mobile: Option<String>,
        tokens: Tokens,
    ) -> Result<Session, Error> {
        let credential = Credential::Tokens(tokens);
        let entry = self.context.create(credential, None, mobile).await?;
        Ok(Session::new(self, entry))
    }
}
