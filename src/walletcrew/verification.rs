//! The further verification that a flow asks for.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api::types;
use super::client::Client;
use super::login::Login;
use super::session::Session;
use crate::challenge::{ActiveChallenge, FirstMessage, Step, StepError, StoredChallenge};
use crate::code_sign_in::Destination;
use crate::error::Error;
use crate::secret::Secret;
use crate::skewed_clock::SkewedClock;

/// Nobody says what the verification is, or how long it is good.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);

/// The account is stored, and the customer has to pass a further verification.
///
/// It is kept in the client's store for an hour; see [`challenge`](crate::challenge). There is no
/// resend: save the account with the flow again. If the account has an `id`, that replaces earlier
/// challenges of the same account.
pub struct Challenge {
    client: Client,
    open: ActiveChallenge<Verification>,
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("walletcrew::Challenge")
    }
}

/// What the store keeps.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Verification {
    details: types::Customer,
    /// Where the customer is reached, if the caller said it.
    #[serde(default)]
    to: Option<Box<Destination>>,
}

impl Step for Verification {
    const KIND: &'static str = "verification";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        TIME_TO_LIVE
    }
}

/// The challenge that an answer asks for.
pub(super) async fn issued(
    client: Client,
    opening: FirstMessage,
    details: types::Customer,
    to: Option<Destination>,
) -> Challenge {
    let account = match details.get("id") {
        Some(Value::String(id)) if !id.is_empty() => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    let opening = match account {
        Some(account) => opening.reached(account).await,
        None => opening,
    };
    let open = opening
        .open(
            Verification {
                details,
                to: to.map(Box::new),
            },
            Duration::ZERO,
        )
        .await;
    Challenge::resumed(client, open)
}

impl Challenge {
    pub(super) fn resumed(client: Client, open: ActiveChallenge<Verification>) -> Self {
        Self { client, open }
    }

    /// The id under which [`Client::challenge`] takes the challenge up: a secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
    }

    /// Where the customer is reached, if the caller said it.
    pub(super) fn to(&self) -> Option<&Destination> {
        self.open.step.to.as_deref()
    }

    /// Until when the challenge is kept.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.open.expires_at()
    }

    /// What the server said with the challenge; its members depend on the tenant.
    pub fn details(&self) -> &types::Customer {
        &self.open.step.details
    }

    /// Answers the challenge and signs the customer in; otherwise as [`Client::authenticate`].
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
    /// use vestibule::ErrorKind;
    ///
    /// let id = challenge.id().clone();
    /// // Later, at any instance that shares the store:
    /// let challenge = client.challenge(&id).await?;
    /// let login = json!({"identifier": "ada@example.com", "code": code()});
    /// let session = challenge.authenticate("otp", &login).await?;
    /// let error = client.challenge(&id).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::SignInAgain);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/{tenantId}/customer/authenticate`.
    ///
    /// # Errors
    ///
    /// As there; the challenge comes back with the error, for another try. Nothing is sent with
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) (five answers were wrong, or a
    /// newer challenge has replaced this one: save the account with the flow again) and
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) (it is finished or has expired).
    pub async fn authenticate(
        mut self,
        provider: impl Into<String>,
        data: &impl Serialize,
    ) -> Result<Session, StepError<Self>> {
        let login = Login::new(provider, data);
        match self.answer(login).await {
            Ok(session) => Ok(session),
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn answer(&mut self, login: Result<Login, Error>) -> Result<Session, Error> {
        let login = login?;
        let code_attempt = self.open.begin_code_attempt().await?;
        let answer = self.client.sign_in_with(login).await;
        let session = self.open.settle(code_attempt, answer).await?;
        self.open.finish().await;
        Ok(session)
    }
}

impl Client {
    /// Resumes a challenge by its id, on any instance that shares the store; sends nothing.
    /// [`challenge`](crate::challenge) explains how an id is bound to its customer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such challenge: it
    /// is finished, has expired, never existed, or belongs to another tenant.
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    pub async fn challenge(&self, id: &Secret) -> Result<Challenge, Error> {
        let stored = StoredChallenge::by_id(&self.context, id).await?;
        let active = stored.open::<Verification>().await?;
        Ok(Challenge::resumed(self.clone(), active))
    }
}
