//! The client of one tenant and its builder.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::api::Api;
use super::login::Login;
use super::reauthentication::{EndingToken, NextLogin, Reauthenticate};
use super::rules::Rules;
use super::session::Session;
use crate::client_config::{ClientConfig, check_tenant, client_config_setters};
use crate::error::{Error, System};
use crate::generated::walletcrew::operations::BASE_PATH;
use crate::opaque_debug::opaque_debug;
use crate::pipeline::CallContext;
use crate::secret::Secret;
use crate::session::{
    Caller, Credential, SessionContext, SessionRegistry, Tokens, UserHints, client_methods,
    run_exchange, token_client_methods,
};

/// A client of one tenant of The Wallet Crew. Cheap to clone: all clones share connections and
/// sessions.
#[derive(Clone)]
pub struct Client {
    pub(crate) calls: CallContext,
    parts: Arc<Parts>,
}

/// What all clones of a client share.
struct Parts {
    context: Arc<SessionContext>,
    sessions: Arc<SessionRegistry>,
    challenge_when: Option<Arc<IsChallenge>>,
}

/// Tells a challenge among the responses with status 200, by their bodies.
type IsChallenge = dyn Fn(&Value) -> bool + Send + Sync;

/// A builder of a [`Client`].
#[must_use = "call `build` to get a client"]
pub struct ClientBuilder {
    config: ClientConfig,
    tenant: String,
    reauthenticate: Option<Reauthenticate>,
    challenge_when: Option<Arc<IsChallenge>>,
}

opaque_debug!("walletcrew": Client, ClientBuilder);

impl ClientBuilder {
    client_config_setters!();

    /// Sets the tenant, the id that the API calls `tenantId`: letters, digits, `_` and `-`.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// Sets which responses with status 200 are a challenge, for a tenant that issues challenges with
    /// this status: `is_challenge` is called with the body of each response to saved account data.
    /// Without this, a challenge is a response with status 202, whatever its body.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # mock.challenge_with_status_200("activation");
    /// # let url = mock.base_url();
    /// use serde_json::json;
    /// use vestibule::walletcrew::{Client, Saved};
    ///
    /// let client = Client::builder(url).tenant("demo-tenant")
    ///     .challenge_when(|body| body["challenge"] == "pending")
    ///     .build()?;
    /// let account = client.customer(&json!({"email": "ada@example.com"}));
    /// let saved = account.flow("activation").send().await?;
    /// assert!(matches!(saved, Saved::ChallengeIssued(_)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn challenge_when(
        mut self,
        is_challenge: impl Fn(&Value) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.challenge_when = Some(Arc::new(is_challenge));
        self
    }

    /// Sets how the client authenticates again when a token is about to expire: `login` is called
    /// with the token, [`Settings::refresh_before_expiry`](crate::Settings::refresh_before_expiry)
    /// ahead of its expiry or once it has expired, and the client authenticates with the login data
    /// that it returns. Without this, a session ends with its token.
    ///
    /// `login` is single-flight: across all calls and instances it runs once at a time for a
    /// session, within the rest of the call's deadline or the timeout of an attempt, whichever is
    /// longer. It must not use the session of that token, which would wait for itself. If the provider
    /// rejects the login data, the token is used until it expires, and then the session ends.
    ///
    /// Only a session that this crate has signed in continues so. `login` is not called for tokens that
    /// were [imported](Client::resume_with_tokens): a token that no server has issued to this crate may
    /// name any customer, so it is used until it ends. Find the customer by the id of the session, which
    /// the application stores with the customer at the sign-in, and not by a claim.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # let (url, clock) = (mock.base_url(), mock.clock().clone());
    /// use std::sync::{Arc, Mutex};
    ///
    /// use serde_json::json;
    /// use vestibule::Secret;
    /// use vestibule::walletcrew::{Client, EndingToken, Login, NextLogin};
    ///
    /// /// Which customer a session belongs to, as the application's database has it.
    /// #[derive(Clone, Default)]
    /// struct Customers(Arc<Mutex<Vec<(Secret, String)>>>);
    ///
    /// impl Customers {
    ///     /// Gets login data for a customer, such as a token of your identity provider.
    ///     async fn next_login(self, ending: EndingToken) -> NextLogin {
    ///         let customers = self.0.lock().unwrap().clone();
    ///         let mut customers = customers.into_iter();
    ///         let Some((_, customer)) = customers.find(|(id, _)| id == ending.session_id()) else {
    ///             return NextLogin::Never;
    ///         };
    ///         match Login::new("social", &json!({"identifier": customer, "token": "fresh"})) {
    ///             Ok(login) => NextLogin::With(login),
    ///             Err(_) => NextLogin::Never,
    ///         }
    ///     }
    /// }
    ///
    /// let customers = Customers::default();
    /// let known = customers.clone();
    /// let client = Client::builder(url).tenant("demo-tenant")
    ///     .authenticate_again(move |ending| known.clone().next_login(ending))
    /// #   .clock(clock)
    ///     .build()?;
    /// # let ada = json!({"email": "ada@example.com"});
    /// # let _ = client.customer(&ada).flow("activation").send().await?;
    /// # let code = mock.outbox().last_code("ada@example.com").unwrap();
    /// # let login = json!({"identifier": "ada@example.com", "code": code});
    /// let session = client.sign_in_with_provider("otp", &login).await?;
    /// let customer = "ada@example.com".to_owned();
    /// customers.0.lock().unwrap().push((session.id().clone(), customer));
    /// # mock.clock().advance(std::time::Duration::from_secs(25 * 3600));
    /// # let sent = mock.count("authenticate");
    /// # assert!(session.profile::<serde_json::Value>().await.is_err(), "there is no such provider");
    /// # assert_eq!(mock.count("authenticate"), sent + 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn authenticate_again<F, L>(mut self, login: L) -> Self
    where
        L: Fn(EndingToken) -> F + Send + Sync + 'static,
        F: Future<Output = NextLogin> + Send + 'static,
    {
        self.reauthenticate = Some(Reauthenticate::new(login));
        self
    }

    /// Checks the settings and builds the client; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the wrong setting:
    /// `base_url`, `tenant`, `language`, or one of the connection (such as `proxy`). An
    /// `https` base URL needs the feature `rustls` or `native-tls`, or an
    /// [`http_client`](Self::http_client).
    pub fn build(self) -> Result<Client, Error> {
        let (pipeline, context, sessions) = self.config.build(|base, headers| {
            check_tenant(&self.tenant)?;
            let base = base.with_start_of_path(BASE_PATH, "tenantId", &self.tenant);
            Ok((base, Rules::new(headers)))
        })?;
        if let Some(reauthenticate) = &self.reauthenticate {
            context.set_refresher(reauthenticate.refresher(&pipeline));
        }
        Ok(Client {
            calls: CallContext::new(pipeline),
            parts: Arc::new(Parts {
                context,
                sessions,
                challenge_when: self.challenge_when,
            }),
        })
    }
}

impl Client {
    client_methods!();

    token_client_methods!();

    /// Starts a client at `base_url`, such as `https://app.neostore.cloud`. It needs a
    /// [`tenant`](ClientBuilder::tenant).
    pub fn builder(base_url: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            config: ClientConfig::new(System::WalletCrew, base_url),
            tenant: String::new(),
            reauthenticate: None,
            challenge_when: None,
        }
    }

    /// The operations that need no session.
    pub fn api(&self) -> Api {
        Api::new(self.calls.clone())
    }

    /// Signs a customer in with an identity provider. `provider` is its name at the tenant; `data`
    /// is a type of the caller that holds what this provider expects (a login token, an identifier
    /// with a code). Never retried, because login data is often valid for one use only. Sends no
    /// message.
    ///
    /// The session ends when the token expires: at its `exp`, otherwise after 24 hours.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # let code = || mock.outbox().last_code("ada@example.com").unwrap();
    /// # let client = vestibule::walletcrew::Client::builder(mock.base_url()).tenant("demo-tenant").build()?;
    /// # use serde_json::json;
    /// # let account = client.customer(&json!({"email": "ada@example.com", "firstName": "Ada"}));
    /// # let saved = account.flow("activation").send().await?;
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
    /// let session = client.sign_in_with_provider("otp", &login).await?;
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
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `provider` if it is
    /// empty, or `data` if it cannot be written as JSON;
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the server or the provider rejects the
    /// data (see [`ErrorReason`](super::ErrorReason)); otherwise see [`Error`].
    pub async fn sign_in_with_provider(
        &self,
        provider: impl Into<String>,
        data: &impl Serialize,
    ) -> Result<Session, Error> {
        let login = Login::new(provider, data);
        self.sign_in_with_login(login?).await
    }

    /// Signs a customer in with a [`Login`], which may lack the provider, the data or both. Otherwise as
    /// [`sign_in_with_provider`](Self::sign_in_with_provider).
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # let ada = serde_json::json!({"email": "ada@example.com"});
    /// # mock.add_customer("demo-tenant", ada.as_object().unwrap().clone());
    /// # mock.recognise(Some("kiosk"), "ada@example.com");
    /// # let client = vestibule::walletcrew::Client::builder(mock.base_url()).tenant("demo-tenant").build()?;
    /// use vestibule::CallOptions;
    /// use vestibule::walletcrew::Login;
    ///
    /// // This tenant's own provider recognises the customer by a header.
    /// let kiosk = client.with_options(CallOptions::new().header("x-kiosk-visit", "4711"));
    /// let session = kiosk.sign_in_with_login(Login::provider_only("kiosk")?).await?;
    /// # let profile: serde_json::Value = session.profile().await?;
    /// # assert_eq!(profile["email"], "ada@example.com");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/{tenantId}/customer/authenticate`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the server or the provider rejects the
    /// login, which names [`ErrorReason::Malformed`](super::ErrorReason::Malformed) where a provider is
    /// missing; otherwise see [`Error`].
    pub async fn sign_in_with_login(&self, login: Login) -> Result<Session, Error> {
        let client = self.clone();
        let exchange = async move |caller: Caller| {
            let session = client.exchange(login).await?;
            caller.granted(&session);
            Ok(session)
        };
        run_exchange(self.context(), exchange).await
    }

    /// Resumes a session by its id, on any instance that shares the store; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if there is no such session.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails.
    pub async fn resume_session(&self, id: &Secret) -> Result<Session, Error> {
        let entry = self.parts.sessions.resume(id).await?;
        Ok(Session::new(self, entry))
    }

    /// Waits up to `deadline` until running exchanges of codes, passwords and tokens have finished and
    /// their sessions are saved, and until sessions whose callers went away are claimed or signed out.
    /// Afterwards no customer is authenticated again. Call it before the process ends.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if one of them did not finish in time.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.context().shutdown(deadline).await
    }

    /// Whether the caller takes a response with status 200 for a challenge.
    pub(super) fn is_challenge(&self, body: &Value) -> bool {
        let is_challenge = self.parts.challenge_when.as_ref();
        is_challenge.is_some_and(|is_challenge| is_challenge(body))
    }

    /// Sends the login, and stores the token that the server returns for it.
    pub(super) async fn exchange(&self, login: Login) -> Result<Session, Error> {
        let tokens = login.exchange(self.calls.clone());
        self.sign_in(tokens.await?).await
    }

    /// Stores the token of a new session.
    pub(super) async fn sign_in(&self, tokens: Tokens) -> Result<Session, Error> {
        let credential = Credential::Tokens(tokens);
        let entry = self
            .parts
            .sessions
            .create(credential, UserHints::default())
            .await?;
        Ok(Session::new(self, entry))
    }
}
