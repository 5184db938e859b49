//! Verifying an e-mail address or an identity, and exchanging a token for another.

use serde::Serialize;

use super::auth_api::types as auth;
use super::client::Client;
use super::session::Session;
use super::user_api::types as user;
use crate::challenge::send_link;
use crate::email::{Email, IntoEmail};
use crate::error::{Error, System};
use crate::json::{AnyJson, JsonObject};

/// The links that verify a mailbox have one wait, whatever requests them.
pub(super) const VERIFICATION_LINK: &str = "verification link";

impl Client {
    /// Sends the message that verifies an e-mail address once more. Signed if the client has a
    /// signature key; every call sends an e-mail, so it is retried only if the server certainly
    /// did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// client.resend_email_verification("ada@example.org").await?;
    /// # assert!(mock.open_email_link(&mock.outbox().last_code("ada@example.org").unwrap()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/front/customers/verify-email/resend/{email}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for what is no e-mail address,
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) before the client's
    /// [`resend_wait`](super::ClientBuilder::resend_wait) has passed,
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the session store fails: nothing is
    /// sent in these cases. [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) with a code `U4xx` for an
    /// address that has nothing to verify; otherwise as any call, see [`Error`].
    pub async fn resend_email_verification(&self, email: impl IntoEmail) -> Result<(), Error> {
        let email = Email::of(System::Wunder, email)?;
        let api = self.user_api();
        let send = async {
            let call = api.resend_email_verification(email.as_str());
            Ok((call.send().await?, true))
        };
        let to = email.destination();
        send_link(
            self.context(),
            VERIFICATION_LINK,
            &to,
            self.resend_wait(),
            send,
        )
        .await?;
        Ok(())
    }
}

impl Session {
    /// Opens a session with the provider that verifies identities or licences for the tenant, and
    /// returns the provider's response, such as a URL for the user. It grants access: treat it as a
    /// secret. The vendor publishes no fields of the request: ask the operator, and use `{}` if there
    /// are none.
    ///
    /// Sends no message. Every call may open another session, so it is retried only if the server
    /// certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// let verification = session.verify_identity(&serde_json::json!({})).await?;
    /// // Redirect the user there.
    /// let url = verification.get("url").and_then(|url| url.as_str());
    /// assert!(url.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/front/verification/init`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `request` if it is not a
    /// JSON object; [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) if another step of
    /// the onboarding comes first (see [`Step::of`](super::Step::of)); otherwise as any call, see
    /// [`Error`].
    pub async fn verify_identity(
        &self,
        request: &impl Serialize,
    ) -> Result<user::VerificationSession, Error> {
        let body = user::VerificationInit(object("request", request)?);
        let api = self.user_api();
        Ok(api
            .init_verification()
            .body(body)
            .send()
            .await?
            .into_inner())
    }

    /// Exchanges an OpenID token on behalf of the user. The fields of request and response are not
    /// published: ask the operator. Both may hold tokens; `Debug` of the response shows none.
    ///
    /// Sends no message, and is retried only if the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").social("google", "what Google issued".into()));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// let token = serde_json::json!({"token": "what Google issued"});
    /// let exchanged = session.request_openid_token(&token).await?;
    /// assert!(exchanged["token"].is_string());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/user/openid-token-exchange`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `token` if it is not a
    /// JSON object; [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if it is not valid; otherwise
    /// as any call, see [`Error`].
    pub async fn request_openid_token(&self, token: &impl Serialize) -> Result<AnyJson, Error> {
        let body = auth::OpenidTokenExchange(object("token", token)?);
        let api = self.auth_api();
        let response = api.openid_token_exchange().body(body).send().await?;
        Ok(response.into_inner().0)
    }
}

fn object(field: &'static str, value: &impl Serialize) -> Result<JsonObject, Error> {
    JsonObject::of(value)
        .ok_or_else(|| Error::invalid(field, "must serialise as a JSON object").of(System::Wunder))
}
