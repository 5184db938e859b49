//! The client of one GoodCity app and its builder.

use std::fmt;
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
use crate::client_config::{ClientConfig, client_config_setters, of_system};
use crate::error::{Error, System};
use crate::pipeline::{CallContext, CallOptions, Pipeline};
use crate::secret::Secret;
use crate::session::{Credential, SessionContext, Tokens};

/// One app of GoodCity. Cheap to clone; all clones share connections and sessions.
#[derive(Clone)]
pub struct Client {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(super) context: Arc<SessionContext>,
    pub(super) mobile_rule: MobileRule,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("goodcity::Client")
    }
}

/// Collects the settings of a [`Client`].
#[must_use = "there is no client before `build`"]
pub struct ClientBuilder {
    client_config: ClientConfig,
    app_name: String,
    mobile_rule: MobileRule,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("goodcity::ClientBuilder")
    }
}

impl ClientBuilder {
    client_config_setters!();

    /// Which mobile numbers are let through; [`MobileRule::Current`] by default.
    pub fn mobile_rule(mut self, rule: MobileRule) -> Self {
        self.mobile_rule = rule;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the setting that is
    /// wrong: `base_url`, `app_name` or `language`.
    pub fn build(self) -> Result<Client, Error> {
        of_system(System::GoodCity, self.checked())
    }

    fn checked(self) -> Result<Client, Error> {
        let mut headers = self.client_config.default_headers()?;
        headers.insert(APP_NAME, app_name_header(&self.app_name)?);
        let base = self.client_config.base()?;
        let (pipeline, context) = self
            .client_config
            .build(base, Box::new(Rules::new(headers)))?;
        Ok(Client {
            pipeline,
            context,
            mobile_rule: self.mobile_rule,
        })
    }
}

/// The list of apps may grow, so only what no app can be called is refused.
fn app_name_header(name: &str) -> Result<HeaderValue, Error> {
    let well_formed = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.');
    (!name.is_empty() && name.bytes().all(well_formed))
        .then(|| HeaderValue::from_str(name).ok())
        .flatten()
        .ok_or_else(|| {
            let right = "must be the name of an app, such as `app` or `admin.goodcity`";
            Error::invalid("app_name", right)
        })
}

impl Client {
    /// A client at `base_url`, such as `https://api.goodcity.hk`, that calls as the app
    /// `app_name`: `app`, `admin`, `stock`, `browse` or `settings_editor`, each also with the
    /// suffix `.goodcity`.
    ///
    /// A server that is not told the app refuses known users and uses up their pins, so there is
    /// no client without it.
    pub fn builder(base_url: impl Into<String>, app_name: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            client_config: ClientConfig::new(base_url.into()),
            app_name: app_name.into(),
            mobile_rule: MobileRule::default(),
        }
    }

    /// The calls that need no session.
    pub fn api(&self) -> Api {
        self.api_with(CallOptions::default())
    }

    /// The same calls as [`api`](Self::api), with options.
    pub fn api_with(&self, options: CallOptions) -> Api {
        Api::new(CallContext::new(self.pipeline.clone()).with_options(options))
    }

    /// Asks for a pin for a user who has an account. `mobile` is a Hong Kong number with its
    /// country code, such as `+85251234567`.
    ///
    /// **Success does not mean that the number is registered.** For a number without account the
    /// server answers alike, with a random key and without an SMS; every pin is wrong then. Do
    /// not tell the user more than "if there is an account, a pin is on its way".
    ///
    /// Not repeated unless the server certainly did not process it. Every call voids earlier pins
    /// and their challenges. The server has no limit; here a number gets a pin once in 60 seconds,
    /// as from GoodCity's own clients, whichever challenge asks for it.
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
    ///     // The user mistyped: the state is still good.
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
        PendingPin::request(self, mobile.into()).await
    }

    /// Starts a sign-up of a new user with a Hong Kong mobile number, such as `+85251234567`.
    ///
    /// If the number has an account already, the server drops the names and the address and sends
    /// the pin to the existing user. It does not say which of both happened.
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

    /// Takes up a session by its id, here or after a restart.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such session.
    pub async fn session(&self, id: &Secret) -> Result<Session, Error> {
        let entry = self.context.resume(id, None).await?;
        Ok(Session::new(self, entry))
    }

    /// Takes up an unfinished sign-in by its id, on any instance that shares the store; sends
    /// nothing. Read in [`challenge`](crate::challenge) how an id is bound to its user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such challenge: it is
    /// finished, has expired, never was, or is of another server.
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    pub async fn challenge(&self, id: &Secret) -> Result<PendingPin, Error> {
        let found = StoredChallenge::load(&self.context, id).await?;
        let open = found.resume::<PinRequest>().await?;
        Ok(PendingPin::resumed(self.clone(), open))
    }

    /// Waits for what is under way to be saved. GoodCity's tokens are not renewed, so this is
    /// quick; call it all the same before the process ends.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if something did not finish in time.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.context.shutdown(deadline).await
    }

    /// Stores a token of which nothing else is known.
    pub(super) async fn sign_in(&self, tokens: Tokens) -> Result<Session, Error> {
        self.sign_in_by(None, tokens).await
    }

    /// Stores the token of a user who is now signed in, with the mobile that the pin went to.
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
