//! The further verification that a flow asks for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api::types;
use super::client::Client;
use super::login::Login;
use super::session::Session;
use crate::challenge::{
    ActiveChallenge, FirstMessage, SoleRecipient, Step, StepError, StoredChallenge,
};
use crate::contact::Contact;
use crate::error::Error;
use crate::opaque_debug::opaque_debug;
use crate::secret::Secret;
use crate::skewed_clock::SkewedClock;

/// The validity of a verification is not documented.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);

/// The account is stored, and the customer has to pass a further verification.
///
/// It is kept in the client's store for an hour; see [`challenge`](crate::challenge). There is no
/// resend: save the account with the flow again, which replaces earlier challenges of an account
/// that has an `id`.
#[must_use = "the customer is not signed in before `confirm`"]
pub struct Challenge {
    client: Client,
    challenge: ActiveChallenge<Verification>,
}

opaque_debug!("walletcrew": Challenge);

/// The state in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Verification {
    details: types::Customer,
    /// The destination of the customer, if the caller gave it.
    #[serde(default)]
    to: Option<Box<Contact>>,
}

impl Step for Verification {
    const KIND: &'static str = "verification";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        TIME_TO_LIVE
    }
}

/// Creates the challenge that a response requires.
pub(super) async fn issued(
    client: Client,
    first: FirstMessage,
    details: types::Customer,
    to: Option<Contact>,
) -> Challenge {
    let account = match details.get("id") {
        Some(Value::String(id)) if !id.is_empty() => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    let first = match account {
        Some(account) => first.sent_to(account).await,
        None => first,
    };
    let to = to.map(Box::new);
    let challenge = first.open(Verification { details, to }, Duration::ZERO);
    Challenge::resumed(client, challenge.await)
}

impl Challenge {
    pub(super) fn resumed(client: Client, challenge: ActiveChallenge<Verification>) -> Self {
        Self { client, challenge }
    }

    /// The id by which [`Client::resume_challenge`] resumes the challenge: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// The destination of the customer, if the caller gave it.
    pub(super) fn to(&self) -> Option<&Contact> {
        self.challenge.step.to.as_deref()
    }

    /// When the challenge expires.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.challenge.expires_at()
    }

    /// The server's response with the challenge; its members depend on the tenant.
    pub fn details(&self) -> &types::Customer {
        &self.challenge.step.details
    }

    /// Completes the challenge and signs the customer in, as [`Client::sign_in_with_provider`] does.
    ///
    /// The login is sent as it is given: a code in it is neither normalized nor checked, because its
    /// members depend on the tenant. The code of [`Client::code_sign_in`] is.
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
    /// use vestibule::ErrorKind;
    ///
    /// let id = challenge.id().clone();
    /// // Later, at any instance that shares the store:
    /// let challenge = client.resume_challenge(&id).await?;
    /// let login = json!({"identifier": "ada@example.com", "code": code()});
    /// let session = challenge.confirm("otp", &login).await?;
    /// let error = client.resume_challenge(&id).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/{tenantId}/customer/authenticate`.
    ///
    /// # Errors
    ///
    /// As [`Client::sign_in_with_provider`]; the error returns the challenge, for another try. Nothing is
    /// sent with [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) (five attempts failed,
    /// or a newer challenge has replaced this one: save the account with the flow again) and
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) (it is finished or has expired).
    pub async fn confirm(
        mut self,
        provider: impl Into<String>,
        data: &impl Serialize,
    ) -> Result<Session, StepError<Self>> {
        let login = Login::new(provider, data);
        let tried = self.try_login(login).await;
        tried.map_err(|error| StepError::new(self, error))
    }

    async fn try_login(&mut self, login: Result<Login, Error>) -> Result<Session, Error> {
        let login = login?;
        let client = &self.client;
        let send = async |_: &mut Verification| client.sign_in_with(login).await;
        let session = self.challenge.try_code(SoleRecipient, send).await?;
        self.challenge.finish().await;
        Ok(session)
    }
}

impl Client {
    /// Resumes a challenge by its id, on any instance that shares the store; sends nothing.
    /// [`challenge`](crate::challenge) explains how an id is bound to its customer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if there is no such challenge: it
    /// is finished, has expired, never existed, or belongs to another tenant.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails.
    pub async fn resume_challenge(&self, id: &Secret) -> Result<Challenge, Error> {
        let stored = StoredChallenge::load(&self.context, id).await?;
        let active = stored.resume::<Verification>().await?;
        Ok(Challenge::resumed(self.clone(), active))
    }
}
