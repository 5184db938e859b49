//! The client of one sales channel and its builder.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::api::Api;
use super::rules::{
    CURRENCY_HEADER, LOCATION_HEADER, Rules, currency_header, location_header, version_header,
};
use super::session::Session;
use super::signature::{PUBLIC_KEY, SDK_VERSION, SDK_VERSION_HEADER};
use crate::client_config::{ClientConfig, client_config_setters};
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::pipeline::CallContext;
use crate::secret::Secret;
use crate::session::{
    CookieJar, Credential, SessionContext, SessionRegistry, UserHints, client_methods,
};

/// A client of one application of a sales channel of Fynd. Cheap to clone: all clones share
/// connections and sessions.
#[derive(Clone)]
pub struct Client {
    pub(crate) calls: CallContext,
    pub(super) parts: Arc<Parts>,
}

/// What all clones and sessions of a client share.
pub(super) struct Parts {
    pub(super) context: Arc<SessionContext>,
    sessions: Arc<SessionRegistry>,
    pub(super) platform: Option<String>,
}

/// A builder of a [`Client`].
#[must_use = "call `build` to get a client"]
pub struct ClientBuilder {
    config: ClientConfig,
    application_id: String,
    application_token: Secret,
    currency: Option<String>,
    location_detail: Option<String>,
    signing_key: Secret,
    sdk_version: String,
    platform: Option<String>,
}

opaque_debug!("fynd": Client, ClientBuilder, Parts);

impl ClientBuilder {
    client_config_setters!();

    /// Sets the token of the application, which every request carries: at least 5 characters,
    /// without a line break or a space at either end. Required.
    pub fn application_token(mut self, token: impl Into<Secret>) -> Self {
        self.application_token = token.into();
        self
    }

    /// Sets the base URL; `https://api.fynd.com` by default.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.config.base_url = base_url.into();
        self
    }

    /// Sets the currency that the user sees, an ISO 4217 code such as `INR`; by default the server
    /// chooses it.
    pub fn currency(mut self, code: impl Into<String>) -> Self {
        self.currency = Some(code.into());
        self
    }

    /// Sets the location of the user: the text of a JSON object, such as
    /// `{"country":"India","city":"Mumbai","pincode":"400001"}`.
    pub fn location_detail(mut self, json: impl Into<String>) -> Self {
        self.location_detail = Some(json.into());
        self
    }

    /// Sets the id of the application that users belong to, for all flows; each flow can override
    /// it. The server assumes `Fynd` without it.
    pub fn platform(mut self, id: impl Into<String>) -> Self {
        self.platform = Some(id.into());
        self
    }

    /// Sets the key of the request signature; by default `1234567`, the key of all official
    /// clients. It is public, see [`sign`](super::sign). It must have no line break and no space at
    /// either end.
    pub fn signing_key(mut self, key: impl Into<Secret>) -> Self {
        self.signing_key = key.into();
        self
    }

    /// Sets the version sent as `x-fp-sdk-version`; by default the release of the official clients
    /// whose signature scheme this client implements.
    pub fn sdk_version(mut self, version: impl Into<String>) -> Self {
        self.sdk_version = version.into();
        self
    }

    /// Checks the settings and builds the client; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the wrong setting:
    /// `base_url`, `application_id`, `application_token`, `currency`, `location_detail`,
    /// `signing_key`, `sdk_version`, `language`, or one of the connection (such as `proxy`). An
    /// `https` base URL needs the feature `rustls` or `native-tls`, or an
    /// [`http_client`](Self::http_client).
    pub fn build(self) -> Result<Client, Error> {
        let (pipeline, context, sessions) = self.config.build(|base, mut headers| {
            let version = version_header(&self.sdk_version)?;
            headers.insert(HeaderName::from_static(SDK_VERSION_HEADER), version);
            if let Some(code) = &self.currency {
                headers.insert(CURRENCY_HEADER, currency_header(code)?);
            }
            if let Some(location) = &self.location_detail {
                headers.insert(LOCATION_HEADER, location_header(location)?);
            }
            let (id, token) = (&self.application_id, &self.application_token);
            Ok((base, Rules::new(headers, id, token, self.signing_key)?))
        })?;
        Ok(Client {
            calls: CallContext::new(pipeline),
            parts: Arc::new(Parts {
                context,
                sessions,
                platform: self.platform,
            }),
        })
    }
}

impl Client {
    client_methods!();

    /// The id of the application that users belong to, as configured.
    pub(super) fn platform(&self) -> Option<String> {
        self.parts.platform.clone()
    }

    /// Starts a client of one application, by its id (24 hex digits) and its token (at least 5
    /// characters).
    pub fn builder(application_id: impl Into<String>) -> ClientBuilder {
        let application_id = application_id.into();
        let mut config = ClientConfig::new(System::Fynd, "https://api.fynd.com");
        config.audience.clone_from(&application_id);
        ClientBuilder {
            config,
            application_id,
            application_token: Secret::from(""),
            currency: None,
            location_detail: None,
            signing_key: Secret::from(PUBLIC_KEY),
            sdk_version: SDK_VERSION.to_owned(),
            platform: None,
        }
    }

    /// The operations that need no session. Cookies of their responses are not kept.
    pub fn api(&self) -> Api {
        Api::new(self.calls.clone())
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

    /// Creates a session from existing cookies: names and values, as in a `Cookie` header. They are
    /// stored but not verified; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if there is no cookie or HTTP
    /// does not allow a name or value; [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the
    /// store fails.
    pub async fn resume_with_cookies<N: Into<String>, V: Into<Secret>>(
        &self,
        cookies: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Session, Error> {
        self.sign_in(self.jar(cookies)?).await
    }

    /// Creates a session of existing cookies once: instances that import the same cookies under the same
    /// key get one session. They are stored but not verified; sends nothing.
    ///
    /// `import_key` is a name of the cookies that all importers know, such as the id of the session that
    /// they come from; a key is for one set of cookies. It only removes duplicates and resumes nothing:
    /// the session is returned to a caller that has the cookies that were first imported under the key, in
    /// any order, which are compared by their digests in constant time. The store has a keyed digest of
    /// it ([`IndexKey`](crate::store::IndexKey)), and neither the cookies nor the id of the session beside
    /// it.
    ///
    /// The key is remembered for
    /// [`Settings::session_idle_timeout`](crate::Settings::session_idle_timeout) after the last import,
    /// also if the session has ended meanwhile: the cookies of a session that was signed out make no other
    /// one.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).build()?;
    /// // What a back end without this crate has kept of a user.
    /// let cookies = [("f.session", "s%3A4711")];
    /// let session = client.resume_with_cookies_once("legacy-4711", cookies).await?;
    /// let same = client.resume_with_cookies_once("legacy-4711", cookies).await?;
    /// assert_eq!(session.id(), same.id());
    /// let stolen = client.resume_with_cookies_once("legacy-4711", [("f.session", "x")]).await;
    /// assert_eq!(stolen.unwrap_err().field(), Some("import_key"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `import_key` if it is empty or
    /// other cookies were imported under it, or naming `cookies` as
    /// [`resume_with_cookies`](Self::resume_with_cookies) does;
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has ended;
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails: the same import may be
    /// tried again.
    pub async fn resume_with_cookies_once<N: Into<String>, V: Into<Secret>>(
        &self,
        import_key: impl Into<Secret>,
        cookies: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Session, Error> {
        let credential = Credential::Cookies(self.jar(cookies)?);
        let import_key = import_key.into();
        let import = self.parts.sessions.import(&import_key, credential);
        Ok(Session::new(self, import.await?))
    }

    fn jar<N: Into<String>, V: Into<Secret>>(
        &self,
        cookies: impl IntoIterator<Item = (N, V)>,
    ) -> Result<CookieJar, Error> {
        let cookies = cookies.into_iter();
        let cookies = cookies.map(|(name, value)| (name.into(), value.into()));
        let jar = CookieJar::from_values(self.calls.pipeline().base.url(), cookies.collect());
        jar.map_err(|error| error.of(System::Fynd))
    }

    /// Waits up to `deadline` until running exchanges of codes, passwords and tokens have finished and
    /// their sessions are saved, and until sessions whose callers went away are claimed or signed out.
    /// Call it before the process ends.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if one of them did not finish in time.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.context().shutdown(deadline).await
    }

    /// Stores the cookies of a new session.
    pub(super) async fn sign_in(&self, jar: CookieJar) -> Result<Session, Error> {
        let entry = self
            .parts
            .sessions
            .create(Credential::Cookies(jar), UserHints::default())
            .await?;
        Ok(Session::new(self, entry))
    }
}
