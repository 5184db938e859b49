//! The client of one tenant and its builder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::account::Account;
use super::api::Api;
use super::reauthentication::{EndingToken, NextLogin, Reauthenticate};
use super::rules::Rules;
use super::session::Session;
use super::sign_in;
use super::verification::{Challenge, Verification};
use crate::challenge::StoredChallenge;
use crate::client_config::{ClientConfig, client_config_setters, of_system};
use crate::error::{Error, System};
use crate::generated::walletcrew::operations::BASE_PATH;
use crate::pipeline::{CallContext, CallOptions, Pipeline};
use crate::secret::Secret;
use crate::session::{Credential, Renew, SessionContext, Tokens};

/// One tenant of The Wallet Crew. Cheap to clone; all clones share connections and sessions.
#[derive(Clone)]
pub struct Client {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(super) context: Arc<SessionContext>,
    reauthenticate: Option<Reauthenticate>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("walletcrew::Client")
    }
}

/// Collects the settings of a [`Client`].
#[must_use = "there is no client before `build`"]
pub struct ClientBuilder {
    client_config: ClientConfig,
    tenant_id: String,
    reauthenticate: Option<Reauthenticate>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("walletcrew::ClientBuilder")
    }
}

impl ClientBuilder {
    client_config_setters!();

    /// How sessions outlive their token: `login` is asked for login data when a token is near its
    /// end, as by [`Settings::refresh_before_expiry`](crate::Settings::renew_before_expiry), or has
    /// ended, and the client authenticates again with it. Without this, sessions end with their
    /// token.
    ///
    /// However many calls and instances find the token at its end, one asks at a time. The answer
    /// has the deadline of a call. Do not use the session of that token in `login`: it would wait
    /// for itself. If the provider refuses the data, the token is used to its end, and then the
    /// session ends.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use std::sync::atomic::{AtomicBool, Ordering};
    /// # static ASKED: AtomicBool = AtomicBool::new(false);
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # let (url, clock) = (mock.base_url(), mock.clock().clone());
    /// use serde::Deserialize;
    /// use serde_json::json;
    /// use vestibule::walletcrew::{Client, Login, NextLogin};
    ///
    /// #[derive(Deserialize)]
    /// struct Claims {
    ///     sub: String,
    /// }
    ///
    /// /// What your back end knows of its customers, such as a token of its own identity provider.
    /// async fn login_of(customer: Option<Claims>) -> NextLogin {
    /// #   ASKED.store(true, Ordering::SeqCst);
    ///     let Some(customer) = customer else {
    ///         return NextLogin::Never;
    ///     };
    ///     match Login::new("social", &json!({"identifier": customer.sub, "token": "fresh"})) {
    ///         Ok(login) => NextLogin::With(login),
    ///         Err(_) => NextLogin::Never,
    ///     }
    /// }
    ///
    /// let client = Client::builder(url, "demo-tenant")
    ///     .authenticate_again(|ending| async move { login_of(ending.claims()).await })
    /// #   .clock(clock)
    ///     .build()?;
    /// # let ada = json!({"email": "ada@example.com"});
    /// # let _ = client.customer(&ada).flow("activation").save().await?;
    /// # let code = mock.outbox().last_code("ada@example.com").unwrap();
    /// # let login = json!({"identifier": "ada@example.com", "code": code});
    /// # let session = client.authenticate("otp", &login).await?;
    /// # mock.clock().advance(std::time::Duration::from_secs(25 * 3600));
    /// # assert!(session.profile::<serde_json::Value>().await.is_err(), "there is no such provider");
    /// # assert!(ASKED.load(Ordering::SeqCst));
    /// # Ok(())
    /// # }
    /// ```
    pub fn authenticate_again<F, L>(mut self, login: L) -> Self
    where
        L: Fn(EndingToken) -> F + Send + Sync + 'static,
        F: Future<Output = NextLogin> + Send + 'static,
    {
        self.reauthenticate = Some(Reauthenticate::by(login));
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the setting that is
    /// wrong: `base_url`, `tenant_id` or `language`.
    pub fn build(self) -> Result<Client, Error> {
        of_system(System::WalletCrew, self.checked())
    }

    fn checked(self) -> Result<Client, Error> {
        let well_formed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if self.tenant_id.is_empty() || !self.tenant_id.bytes().all(well_formed) {
            let right = "must be letters, digits, `_` and `-`";
            return Err(Error::invalid("tenant_id", right));
        }
        let base =
            self.client_config
                .base()?
                .with_start_of_path(BASE_PATH, "tenantId", &self.tenant_id);
        let rules = Rules::new(self.client_config.default_headers()?);
        let (pipeline, context) = self.client_config.build(base, Box::new(rules))?;
        Ok(Client {
            pipeline,
            context,
            reauthenticate: self.reauthenticate,
        })
    }
}

impl Client {
    /// A client of the tenant `tenant_id` (letters, digits, `_`, `-`) at `base_url`, such as
    /// `https://app.neostore.cloud`.
    pub fn builder(base_url: impl Into<String>, tenant_id: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            client_config: ClientConfig::new(base_url.into()),
            tenant_id: tenant_id.into(),
            reauthenticate: None,
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

    /// Starts to create or change the account of a customer. `data` is the caller's own type; it
    /// must serialise as an object, and hold the identifier by which the tenant knows customers.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # let code = || mock.outbox().last_code("ada@example.com").unwrap();
    /// # let client = vestibule::walletcrew::Client::builder(mock.base_url(), "demo-tenant").build()?;
    /// use serde::{Deserialize, Serialize};
    /// use vestibule::walletcrew::Saved;
    ///
    /// #[derive(Serialize, Deserialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Ada {
    ///     email: String,
    ///     first_name: String,
    /// }
    ///
    /// let ada = Ada { email: "ada@example.com".into(), first_name: "Ada".into() };
    /// match client.customer(&ada).save_as::<Ada>().await? {
    ///     Saved::Done(stored) => assert_eq!(stored.first_name, "Ada"),
    ///     Saved::ChallengeIssued(challenge) => println!("a challenge: {}", challenge.expires_at()),
    /// }
    /// # assert_eq!(mock.count("create_or_update_customer"), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn customer(&self, data: &impl Serialize) -> Account {
        Account::new(self.clone(), data)
    }

    /// Signs a customer in. `provider` is the identity provider, as the tenant names it; `data` is
    /// what that provider asks for (a login token, an identifier with a code): the caller's own
    /// type. The data is sent once, whatever happens, as it is often good for one use only.
    ///
    /// The token's own end counts, else 24 hours from now.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # let code = || mock.outbox().last_code("ada@example.com").unwrap();
    /// # let client = vestibule::walletcrew::Client::builder(mock.base_url(), "demo-tenant").build()?;
    /// # use serde_json::json;
    /// # let account = client.customer(&json!({"email": "ada@example.com", "firstName": "Ada"}));
    /// # let saved = account.flow("activation").save().await?;
    /// # let vestibule::walletcrew::Saved::ChallengeIssued(challenge) = saved else { panic!() };
    /// use serde::Serialize;
    ///
    /// #[derive(Serialize)]
    /// struct Otp<'a> {
    ///     identifier: &'a str,
    ///     code: String,
    /// }
    ///
    /// let login = Otp { identifier: "ada@example.com", code: code() };
    /// let session = client.authenticate("otp", &login).await?;
    /// let profile: serde_json::Value = session.profile().await?;
    /// assert_eq!(profile["firstName"], "Ada");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/{tenantId}/customer/authenticate`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an empty provider or data
    /// that cannot be written as JSON, [`ErrorKind::Refused`](crate::ErrorKind::Refused) for data
    /// that the server or the provider does not accept (see [`Reason`](super::Reason)); else as
    /// any call, see [`Error`].
    pub async fn authenticate(
        &self,
        provider: impl Into<String>,
        data: &impl Serialize,
    ) -> Result<Session, Error> {
        let provider = provider.into();
        let data = sign_in::check(&provider, sign_in::login_data(data))?;
        sign_in::authenticate(self, provider, data).await
    }

    /// Takes up a session by its id, here or after a restart.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such session.
    pub async fn session(&self, id: &Secret) -> Result<Session, Error> {
        let entry = self.context.resume(id, self.renewal()).await?;
        Ok(Session::new(self, entry))
    }

    /// Takes up a challenge by its id, on any instance that shares the store; sends nothing. Read
    /// in [`challenge`](crate::challenge) how an id is bound to its customer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such challenge: it is
    /// finished, has expired, never was, or is of another tenant.
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    pub async fn challenge(&self, id: &Secret) -> Result<Challenge, Error> {
        let found = StoredChallenge::load(&self.context, id).await?;
        let open = found.resume::<Verification>().await?;
        Ok(Challenge::resumed(self.clone(), open))
    }

    /// Waits for what is under way to be saved: before the process ends. Afterwards nobody is
    /// authenticated again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if something did not finish in time.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.context.shutdown(deadline).await
    }

    /// Stores the token of a customer who is now signed in.
    pub(super) async fn sign_in(&self, tokens: Tokens) -> Result<Session, Error> {
        let (credential, renewal) = (Credential::Tokens(tokens), self.renewal());
        let entry = self.context.create(credential, renewal, None).await?;
        Ok(Session::new(self, entry))
    }

    fn renewal(&self) -> Option<Arc<dyn Renew>> {
        let reauthenticate = self.reauthenticate.as_ref()?;
        Some(reauthenticate.on(&self.pipeline))
    }
}
