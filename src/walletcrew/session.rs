//! A signed-in customer of The Wallet Crew.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::api::{Api, types};
use crate::error::{Error, ErrorKind, System};
use crate::json::JsonObject;
use crate::session::{EndReason, Session as Shared, impl_sign_out, token_session_methods};

/// A signed-in customer. Cheap to clone: all clones share one token.
///
/// The token is valid for 24 hours and cannot be refreshed. Unless
/// [`ClientBuilder::authenticate_again`](super::ClientBuilder::authenticate_again) replaces it,
/// every call fails with [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated), without sending
/// anything, once it has expired or the server has rejected it.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Shared,
}

impl_sign_out!();

impl Session {
    token_session_methods!();

    /// The documented operations, with this session.
    pub fn api(&self) -> Api {
        Api::new(self.shared.calls())
    }

    /// All claims of the session's token, unverified; `None` if the token is not a JWT, as one that
    /// [`Client::resume_with_tokens`](super::Client::resume_with_tokens) got may be. Sends nothing.
    ///
    /// The signature is not verified, because the server issued the token to this client. Do not base
    /// decisions of another service on these claims; give it the token. Which claims there are depends on
    /// the tenant: the vendor publishes that one names the provider, and not its name. `Debug` shows no
    /// claim.
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
    /// # let login = json!({"identifier": "ada@example.com", "code": code()});
    /// # let session = challenge.confirm("otp", &login).await?;
    /// let claims = session.claims().unwrap_or_default();
    /// assert_eq!(claims["sub"], "customer-0001");
    /// # Ok(())
    /// # }
    /// ```
    pub fn claims(&self) -> Option<JsonObject> {
        self.shared.claims()
    }

    /// Reads the profile of the customer: the claims of the token and further data of the system.
    /// Its members depend on the tenant, so `T` is a type of the caller; `serde_json::Value` and
    /// [`api::types::Customer`](super::api::types::Customer), whose `Debug` shows no member, fit
    /// every profile. Idempotent; sends no message.
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
    /// # let login = json!({"identifier": "ada@example.com", "code": code()});
    /// # let session = challenge.confirm("otp", &login).await?;
    /// #[derive(serde::Deserialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Profile {
    ///     email: String,
    ///     first_name: Option<String>,
    /// }
    ///
    /// let profile: Profile = session.profile().await?;
    /// assert_eq!(profile.email, "ada@example.com");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /api/{tenantId}/customer`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the profile does not fit `T`;
    /// otherwise see [`Error`].
    pub async fn profile<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let api = self.api();
        let customer = api.get_customer().send().await?.into_inner();
        read_as(customer, "get_customer")
    }

    /// Ends the session locally and removes it from the store; sends nothing. The server cannot
    /// revoke tokens: a copy of the token stays valid until it expires.
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
    /// # let login = json!({"identifier": "ada@example.com", "code": code()});
    /// # let session = challenge.confirm("otp", &login).await?;
    /// use vestibule::ErrorKind;
    ///
    /// let id = session.id().clone();
    /// session.sign_out().await?;
    /// let error = client.resume_session(&id).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails; the session has
    /// ended in any case.
    pub async fn sign_out(self) -> Result<(), Error> {
        self.shared.close(EndReason::SignedOut).await
    }
}

/// Deserialises an account into a type of the caller. The error does not say why it does not fit,
/// because that would quote the account.
pub(super) fn read_as<T: DeserializeOwned>(
    customer: types::Customer,
    operation: &'static str,
) -> Result<T, Error> {
    serde_json::from_value(Value::Object(customer.0.into())).map_err(|_| {
        let message = "the account does not fit the requested type";
        Error::new(ErrorKind::InvalidResponse, message)
            .with_status(StatusCode::OK)
            .at(System::WalletCrew, operation)
    })
}
