//! Sign-ins by a single call, without a code that is sent first.

use std::time::Duration;

use serde::Serialize;

use super::auth_api::types;
use super::client::Client;
use super::mfa::{MfaRequired, SecondFactor, requires_mfa};
use super::session::Session;
use crate::challenge::FirstMessage;
use crate::email::{Email, IntoEmail};
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::json::JsonObject;
use crate::pipeline::Response;
use crate::secret::Secret;
use crate::session::{Caller, Tokens, run_exchange};

/// The result of a sign-in.
#[derive(Debug)]
#[must_use = "a user who needs a second factor is not signed in"]
// A sign-in is matched at once and not kept, so a box would only cost an allocation.
#[allow(clippy::large_enum_variant)]
pub enum SignIn {
    /// The user is signed in.
    SignedIn(Session),
    /// A second factor is required first.
    MfaRequired(MfaRequired),
}

/// The result of a first factor: without a second factor the tokens are a session, with one they
/// are provisional.
pub(super) enum Admitted {
    Session(Session),
    Provisional(Tokens),
}

impl Admitted {
    pub(super) async fn of(
        client: &Client,
        response: types::SignInResponse,
    ) -> Result<Self, Error> {
        let requires_mfa = requires_mfa(&response);
        let access = response.access_token.ok_or_else(|| {
            let message = "the sign-in returned no access token";
            Error::new(ErrorKind::InvalidResponse, message)
                .with_delivery(Delivery::Responded)
                .at(System::Wunder, "sign_in")
        })?;
        let time = &client.calls.pipeline().time;
        let tokens = Tokens::issued(access, response.refresh_token, time);
        let tokens = tokens.or_expire_at(response.access_token_expire_date, time.now());
        if requires_mfa {
            return Ok(Self::Provisional(tokens));
        }
        Ok(Self::Session(client.sign_in(tokens).await?))
    }
}

impl Client {
    /// Signs in with e-mail address and password. Sends no message. The password is sent once: it
    /// is not retried unless the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").phone("+43123456789"));
    /// # mock.require_mfa(&"+43123456789".parse()?, "246810");
    /// use vestibule::wunder::SignIn;
    ///
    /// let session = match client.sign_in_with_password("ada@example.org", "the password").await? {
    ///     SignIn::SignedIn(session) => session,
    ///     // Ask the user for the code that the authenticator shows.
    ///     SignIn::MfaRequired(mfa) => mfa.confirm("246810").await?,
    /// };
    /// assert_eq!(session.profile().await?.email.as_deref(), Some("ada@example.org"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/sign-in-email`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for what is no e-mail address or an empty password;
    /// [`ErrorKind::Rejected`] if the two do not belong together, the account is locked (`U131`) or
    /// the tenant does not offer this method (`U109`); otherwise as any call, see [`Error`].
    pub async fn sign_in_with_password(
        &self,
        email: impl IntoEmail,
        password: impl Into<Secret>,
    ) -> Result<SignIn, Error> {
        let email = Email::of(System::Wunder, email)?;
        let password = password.into();
        not_empty("password", password.expose())?;
        let body = types::EmailSignIn::builder()
            .email(email.as_str())
            .password(password);
        let first = FirstMessage::without_destination(self.context())?;
        let api = self.auth_api();
        let send = async move { api.sign_in_email().body(body).send().await };
        self.admit(first, send).await
    }

    /// Signs in by a credential that a third party issued, such as a token or an authorization
    /// code. The vendor publishes no fields: ask the operator; they are sent unchanged. Sends no
    /// message, and is not retried unless the server certainly did not process it.
    ///
    /// A new user is created by [`sign_up_with_social`](Self::sign_up_with_social).
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").social("google", "what Google issued".into()));
    /// use vestibule::wunder::SignIn;
    ///
    /// let login = serde_json::json!({"provider": "google", "token": "what Google issued"});
    /// let session = match client.sign_in_with_social(&login).await? {
    ///     SignIn::SignedIn(session) => session,
    ///     SignIn::MfaRequired(mfa) => mfa.confirm("654321").await?,
    /// };
    /// assert_eq!(session.profile().await?.email.as_deref(), Some("ada@example.org"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/social-login`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a login that is not a JSON object with members;
    /// [`ErrorKind::Rejected`] if it is not valid, no user has it (`U106`) or the tenant does not
    /// offer this method (`U109`); otherwise as any call, see [`Error`].
    pub async fn sign_in_with_social(&self, login: &impl Serialize) -> Result<SignIn, Error> {
        let body = types::SocialLogin(login_fields(login)?);
        let first = FirstMessage::without_destination(self.context())?;
        let api = self.auth_api();
        let send = async move { api.social_login().body(body).send().await };
        self.admit(first, send).await
    }

    /// Signs in a user of Gaiyo, by a credential that Gaiyo issued. The vendor publishes no fields:
    /// ask the operator; they are sent unchanged. Sends no message, and is not
    /// repeated unless the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").social("gaiyo", "what Gaiyo issued".into()));
    /// use vestibule::wunder::SignIn;
    ///
    /// let login = serde_json::json!({"token": "what Gaiyo issued"});
    /// let session = match client.sign_in_with_gaiyo(&login).await? {
    ///     SignIn::SignedIn(session) => session,
    ///     SignIn::MfaRequired(mfa) => mfa.confirm("654321").await?,
    /// };
    /// assert_eq!(session.profile().await?.email.as_deref(), Some("ada@example.org"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/sign-in-gaiyo`.
    ///
    /// # Errors
    ///
    /// As [`sign_in_with_social`](Self::sign_in_with_social).
    pub async fn sign_in_with_gaiyo(&self, login: &impl Serialize) -> Result<SignIn, Error> {
        let body = types::GaiyoSignIn(login_fields(login)?);
        let first = FirstMessage::without_destination(self.context())?;
        let api = self.auth_api();
        let send = async move { api.sign_in_gaiyo().body(body).send().await };
        self.admit(first, send).await
    }

    /// Signs in an API client, a service account of the operator, by its id and key. Its session
    /// acts for the users that it created by [`Session::impersonate`]. Sends no message, and is not
    /// repeated unless the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_api_client("our-service", &"the key".into());
    /// # let ada = mock.add_user(WunderUser::new().email("ada@example.org").created_by("our-service"));
    /// use vestibule::Secret;
    /// use vestibule::wunder::SignIn;
    ///
    /// let SignIn::SignedIn(service) = client.sign_in_with_api_client("our-service", Secret::from("the key")).await? else {
    ///     panic!("a second factor is asked of a service");
    /// };
    /// // The UUID of a user whom the service created.
    /// let profile = service.impersonate(&ada)?.profile().await?;
    /// assert_eq!(profile.email.as_deref(), Some("ada@example.org"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/sign-in-api-client`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for an empty id or key; [`ErrorKind::Rejected`] if the two do not
    /// belong together; otherwise as any call, see [`Error`].
    pub async fn sign_in_with_api_client(
        &self,
        client_id: impl Into<String>,
        client_key: Secret,
    ) -> Result<SignIn, Error> {
        let (id, key) = (client_id.into(), client_key);
        not_empty("client_id", &id)?;
        not_empty("client_key", key.expose())?;
        let body = types::ApiClientSignIn::builder()
            .client_id(id)
            .client_key(key);
        let first = FirstMessage::without_destination(self.context())?;
        let api = self.auth_api();
        let send = async move { api.sign_in_api_client().body(body).send().await };
        self.admit(first, send).await
    }

    /// Sends the credential by `send`, in a task that the caller cannot drop.
    async fn admit(
        &self,
        first: FirstMessage,
        send: impl Future<Output = Result<Response<types::SignInResponse>, Error>> + Send + 'static,
    ) -> Result<SignIn, Error> {
        let client = self.clone();
        let exchange = async move |caller: Caller| {
            let response = send.await?.into_inner();
            match Admitted::of(&client, response).await? {
                Admitted::Session(session) => {
                    caller.granted(&session);
                    Ok(SignIn::SignedIn(session))
                }
                Admitted::Provisional(tokens) => {
                    let step = SecondFactor::new(tokens);
                    let challenge = first.open(step, Duration::ZERO).await;
                    Ok(SignIn::MfaRequired(MfaRequired::resumed(client, challenge)))
                }
            }
        };
        run_exchange(self.context(), exchange).await
    }
}

pub(super) fn not_empty(field: &'static str, value: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Err(Error::invalid(field, "must not be empty").of(System::Wunder));
    }
    Ok(())
}

/// The credential of a third party, as an object with at least one member.
pub(super) fn login_fields(login: &impl Serialize) -> Result<JsonObject, Error> {
    let members = JsonObject::of(login).filter(|members| !members.is_empty());
    members.ok_or_else(|| {
        Error::invalid("login", "must serialise as a JSON object with members").of(System::Wunder)
    })
}
