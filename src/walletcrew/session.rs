//! A signed-in customer of The Wallet Crew.

use serde::de::DeserializeOwned;

use super::account::read_as;
use super::api::Api;
use crate::error::Error;
use crate::pipeline::CallOptions;
use crate::session::{Session as Shared, token_session_methods};

/// A signed-in customer. Cheap to clone; all clones share one token.
///
/// The token lives 24 hours, and nothing prolongs it. Unless
/// [`ClientBuilder::authenticate_again`](super::ClientBuilder::authenticate_again) gets another one
/// before, every call fails once it has expired, or the server does not accept it any more, with
/// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) without touching the network:
/// authenticate again.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Shared,
}

impl Session {
    token_session_methods!();

    /// The described calls, with this session.
    pub fn api(&self) -> Api {
        self.api_with(CallOptions::default())
    }

    /// The described calls, with this session and options.
    pub fn api_with(&self, options: CallOptions) -> Api {
        Api::new(self.shared.call_context(options))
    }

    /// The profile of the customer: the claims of the token and what the system knows beyond them.
    /// Its members depend on the tenant, so `T` is the caller's own type; `serde_json::Value` and
    /// [`api::types::Customer`](super::api::types::Customer), whose `Debug` shows no member, take any profile.
    /// Safe to repeat.
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
    /// # let login = json!({"identifier": "ada@example.com", "code": code()});
    /// # let session = challenge.authenticate("otp", &login).await?;
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
    /// [`ErrorKind::Undecodable`](crate::ErrorKind::Undecodable) if the profile does not fit `T`;
    /// else as any call, see [`Error`].
    pub async fn profile<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let api = self.api();
        let customer = api.get_customer().send().await?.into_inner();
        read_as(customer, "get_customer")
    }

    /// Ends the session here and removes it from the store. The server has nothing to revoke a
    /// token with: whoever has a copy can use it until it expires.
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
    /// # let login = json!({"identifier": "ada@example.com", "code": code()});
    /// # let session = challenge.authenticate("otp", &login).await?;
    /// use vestibule::ErrorKind;
    ///
    /// let id = session.id().clone();
    /// session.sign_out().await?;
    /// let error = client.session(&id).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::SignInAgain);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails; nothing is sent
    /// with the session any more all the same.
    pub async fn sign_out(self) -> Result<(), Error> {
        self.shared.close("the customer signed out").await
    }
}
