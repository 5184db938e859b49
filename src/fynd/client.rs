//! The client of one sales channel and its builder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::api::Api;
use super::contact::Contact;
use super::otp_sign_in::OtpSignIn;
use super::registration::Registration;
use super::rules::Rules;
use super::session::Session;
use super::settings::{check_application, currency_header, location_header, version_header};
use super::signature::{PUBLIC_KEY, SDK_VERSION, SDK_VERSION_HEADER};
use crate::client_config::{ClientConfig, client_config_setters, of_system};
use crate::error::{Error, System};
use crate::pipeline::{CallContext, CallOptions, Pipeline};
use crate::secret::Secret;
use crate::session::CookieJar;
use crate::session::{Credential, SessionContext};

/// One sales channel of Fynd. Cheap to clone; all clones share connections and sessions.
#[derive(Clone)]
pub struct Client {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(super) context: Arc<SessionContext>,
    pub(super) platform: Option<String>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fynd::Client")
    }
}

/// Collects the settings of a [`Client`].
#[must_use = "there is no client before `build`"]
pub struct ClientBuilder {
    client_config: ClientConfig,
    application_id: String,
    application_token: Secret,
    currency: Option<String>,
    location_detail: Option<String>,
    signing_key: String,
    sdk_version: String,
    platform: Option<String>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fynd::ClientBuilder")
    }
}

impl ClientBuilder {
    client_config_setters!();

    /// Where the API is; `https://api.fynd.com` by default.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.client_config.base_url = base_url.into();
        self
    }

    /// The currency that the shopper sees, an ISO 4217 code such as `INR`. Without it the server
    /// decides.
    pub fn currency(mut self, code: impl Into<String>) -> Self {
        self.currency = Some(code.into());
        self
    }

    /// Where the shopper is: the text of a JSON object, such as
    /// `{"country":"India","city":"Mumbai","pincode":"400001"}`.
    pub fn location_detail(mut self, json: impl Into<String>) -> Self {
        self.location_detail = Some(json.into());
        self
    }

    /// The id of the application that users belong to, for all flows; each flow may name another
    /// one. The server takes `Fynd` without it.
    pub fn platform(mut self, id: impl Into<String>) -> Self {
        self.platform = Some(id.into());
        self
    }

    /// Another key for [`sign`](super::sign) than `1234567`, which all official clients use. It
    /// is a checksum's key and no secret.
    pub fn signing_key(mut self, key: impl Into<String>) -> Self {
        self.signing_key = key.into();
        self
    }

    /// The version that the server is told, as `x-fp-sdk-version`. By default it is the release
    /// of the official clients that this one signs like.
    pub fn sdk_version(mut self, version: impl Into<String>) -> Self {
        self.sdk_version = version.into();
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the setting that is
    /// wrong: `base_url`, `application_id`, `application_token`, `currency`, `location_detail`,
    /// `signing_key`, `sdk_version` or `language`.
    pub fn build(self) -> Result<Client, Error> {
        of_system(System::Fynd, self.checked())
    }

    fn checked(self) -> Result<Client, Error> {
        check_application(&self.application_id, &self.application_token)?;
        if self.signing_key.is_empty() {
            return Err(Error::invalid("signing_key", "must not be empty"));
        }
        let base = self.client_config.base()?;
        let mut headers = self.client_config.default_headers()?;
        let version = version_header(&self.sdk_version)?;
        headers.insert(HeaderName::from_static(SDK_VERSION_HEADER), version);
        if let Some(code) = &self.currency {
            let code = currency_header(code)?;
            headers.insert(HeaderName::from_static("x-currency-code"), code);
        }
        if let Some(location) = &self.location_detail {
            let location = location_header(location)?;
            headers.insert(HeaderName::from_static("x-location-detail"), location);
        }
        let rules = Rules::new(
            headers,
            &self.application_id,
            &self.application_token,
            self.signing_key,
        )?;
        let mut client_config = self.client_config;
        client_config.audience = self.application_id;
        let (pipeline, context) = client_config.build(base, Box::new(rules))?;
        Ok(Client {
            pipeline,
            context,
            platform: self.platform,
        })
    }
}

impl Client {
    /// A client of one application of a sales channel: its id (24 hex digits) and its token (at
    /// least 5 characters).
    pub fn builder(
        application_id: impl Into<String>,
        application_token: impl Into<Secret>,
    ) -> ClientBuilder {
        ClientBuilder {
            client_config: ClientConfig::new("https://api.fynd.com".to_owned()),
            application_id: application_id.into(),
            application_token: application_token.into(),
            currency: None,
            location_detail: None,
            signing_key: PUBLIC_KEY.to_owned(),
            sdk_version: SDK_VERSION.to_owned(),
            platform: None,
        }
    }

    /// The described calls that need no session. Cookies of their answers are not kept.
    pub fn api(&self) -> Api {
        self.api_with(CallOptions::default())
    }

    /// The same calls as [`api`](Self::api), with options.
    pub fn api_with(&self, options: CallOptions) -> Api {
        Api::new(CallContext::new(self.pipeline.clone()).with_options(options))
    }

    /// Starts a sign-in by a code that is sent to a mobile: its number without country code (4 to
    /// 15 digits, such as `9000000001`) and the country calling code (`+91` or `91`).
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let code = || mock.outbox().last_code("+919000000001").unwrap();
    /// use vestibule::fynd::SignIn;
    ///
    /// let pending = client.otp_sign_in("9000000001", "+91").send_code().await?;
    /// let signed_in = match pending.confirm(code()).await? {
    ///     // Nobody has this number yet.
    ///     SignIn::ProfileRequired(profile) => profile.complete("Asha", "Rao").await?,
    ///     signed_in => signed_in,
    /// };
    /// if let SignIn::SignedIn(session) = &signed_in {
    ///     assert_eq!(session.user().await?.first_name.as_deref(), Some("Asha"));
    /// }
    /// # assert!(matches!(signed_in, SignIn::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn otp_sign_in(
        &self,
        mobile: impl Into<String>,
        country_code: impl Into<String>,
    ) -> OtpSignIn {
        OtpSignIn::new(self.clone(), Contact::mobile(mobile, country_code))
    }

    /// Starts a sign-in by a code that is sent by e-mail.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let code = || mock.outbox().last_code("asha@example.com").unwrap();
    /// let pending = client.email_sign_in("asha@example.com").send_code().await?;
    /// let signed_in = pending.confirm(code()).await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # assert_eq!(session.user().await?.first_name.as_deref(), Some("Asha"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn email_sign_in(&self, address: impl Into<String>) -> OtpSignIn {
        OtpSignIn::new(self.clone(), Contact::email(address))
    }

    /// Starts the registration of a new user by a form.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # mock.require_email(true);
    /// # let code = |to| mock.outbox().last_code(to).unwrap();
    /// use vestibule::fynd::SignIn;
    ///
    /// let form = client.registration("Asha").mobile("9000000001", "+91").email("asha@example.com");
    /// let mut step = form.submit().await?;
    /// while let SignIn::CodesRequired(codes) = step {
    ///     // Keep `codes.id()`: any instance takes the registration up by it.
    ///     step = match codes.mobile() {
    ///         Some(_) => codes.confirm_mobile(code("+919000000001")).await?,
    ///         None => codes.confirm_email(code("asha@example.com")).await?,
    ///     };
    /// }
    /// # let session = step.signed_in().unwrap();
    /// # assert!(session.contacts().await?.iter().all(|own| own.verified));
    /// # Ok(())
    /// # }
    /// ```
    pub fn registration(&self, first_name: impl Into<String>) -> Registration {
        Registration::new(self.clone(), first_name.into())
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

    /// Waits until cookies that are being saved are saved. For the end of a process.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if some were not saved in time.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.context.shutdown(deadline).await
    }

    /// Stores the cookies of a user who is now signed in.
    pub(super) async fn sign_in(&self, jar: CookieJar) -> Result<Session, Error> {
        let entry = self
            .context
            .create(Credential::Cookies(jar), None, None)
            .await?;
        Ok(Session::new(self, entry))
    }
}
