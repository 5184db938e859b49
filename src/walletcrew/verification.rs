//! The further verification that a flow asks for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::{Saved, Submission};
use super::client::Client;
use super::login::Login;
use super::session::Session;
use crate::challenge::{
    ActiveChallenge, FirstMessage, SoleRecipient, Step, StepError, StoredChallenge, Tried,
};
use crate::contact::Contact;
use crate::error::Error;
use crate::json::AnyJson;
use crate::opaque_debug::opaque_debug;
use crate::secret::Secret;
use crate::session::{Caller, run_exchange};
use crate::skewed_clock::SkewedClock;

/// The validity of a verification is not documented.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);

/// The account is stored, and the customer has to pass a further verification.
///
/// Which one depends on the tenant: a code that the customer enters continues with
/// [`confirm`](Self::confirm), a link that the customer opens with [`send_again`](Self::send_again).
/// The server documents no member that tells which; [`expose_body`](Self::expose_body) gives all that it
/// sent.
///
/// The challenge is kept in the client's store for an hour, with the account data and the response; see
/// [`challenge`](crate::challenge). There is no resend: sending the account data again replaces earlier
/// challenges of an account that has an `id`.
#[must_use = "the customer is not signed in before `confirm`"]
pub struct Challenge {
    client: Client,
    challenge: ActiveChallenge<Verification>,
}

opaque_debug!("walletcrew": Challenge);

/// The state in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Verification {
    /// The response with the challenge.
    body: AnyJson,
    account: Submission,
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
    body: Value,
    account: Submission,
) -> Challenge {
    let id = match body.get("id") {
        Some(Value::String(id)) if !id.is_empty() => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    let first = match id {
        Some(id) => first.sent_to(id).await,
        None => first,
    };
    let body = AnyJson(body);
    let challenge = first.open(Verification { body, account }, Duration::ZERO);
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
        self.challenge.step.account.to.as_deref()
    }

    /// When the challenge expires.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.challenge.expires_at()
    }

    /// The server's response with the challenge, as it came; what it contains depends on the tenant. It
    /// may quote what the customer entered: do not log it.
    pub fn expose_body(&self) -> &Value {
        &self.challenge.step.body.0
    }

    /// The server's response with the challenge, deserialised into a type of the caller; `None` if it
    /// does not fit `T`.
    pub fn body_as<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(self.expose_body()).ok()
    }

    /// Completes the challenge with a login, such as a code, and signs the customer in, as
    /// [`Client::sign_in_with_provider`] does.
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
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) also if nothing is sent because the session
    /// store fails or another login of this challenge is still being checked: then try again.
    pub async fn confirm(
        self,
        provider: impl Into<String>,
        data: &impl Serialize,
    ) -> Result<Session, StepError<Self>> {
        match Login::new(provider, data) {
            Ok(login) => self.confirm_with_login(login).await,
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    /// Completes the challenge with a [`Login`], which may lack the provider, the data or both.
    /// Otherwise as [`confirm`](Self::confirm).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn confirm_with_login(mut self, login: Login) -> Result<Session, StepError<Self>> {
        let context = self.challenge.context();
        let exchange = async move |caller: Caller| {
            let tried = self.try_login(&caller, login).await;
            tried.map_err(|error| StepError::new(self, error))
        };
        run_exchange(&context, exchange).await
    }

    /// Sends the account data of the challenge again, with its flow, once the customer has opened a link
    /// or done what else the challenge asks for. **The flow may send the customer another message.**
    ///
    /// [`Saved::Done`] finishes this challenge. [`Saved::ChallengeIssued`] replaces it: the customer has
    /// not completed the verification yet, or has to complete another one.
    ///
    /// Not idempotent, as [`Account::send`](super::Account::send).
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # mock.challenge_by_link("check-in");
    /// # let client = vestibule::walletcrew::Client::builder(mock.base_url()).tenant("demo-tenant").build()?;
    /// # let opens_the_link = || assert!(mock.open_link(&mock.outbox().last_code("ada@example.com").unwrap()));
    /// use serde_json::json;
    /// use vestibule::walletcrew::Saved;
    ///
    /// let account = client.customer(&json!({"email": "ada@example.com"})).flow("check-in");
    /// let Saved::ChallengeIssued(challenge) = account.send().await? else {
    ///     panic!("this tenant's check-in challenges the customer");
    /// };
    /// let id = challenge.id().clone();
    /// // Show the customer that an e-mail with a link is on its way.
    /// opens_the_link();
    /// // Once the customer says so, at any instance that shares the store:
    /// let challenge = client.resume_challenge(&id).await?;
    /// match challenge.send_again().await? {
    ///     Saved::Done(customer) => assert_eq!(customer["email"], "ada@example.com"),
    ///     Saved::ChallengeIssued(_) => println!("the link is not opened yet"),
    /// }
    /// # assert_eq!(mock.outbox().messages().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/{tenantId}/customer`.
    ///
    /// # Errors
    ///
    /// As [`Account::send`](super::Account::send); the error returns the challenge, for another try.
    /// Nothing is sent with [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) (the
    /// challenge is finished or has expired).
    pub async fn send_again(mut self) -> Result<Saved, StepError<Self>> {
        let context = self.challenge.context();
        let exchange = async move |caller: Caller| {
            let saved = self.try_again(&caller).await;
            saved.map_err(|error| StepError::new(self, error))
        };
        run_exchange(&context, exchange).await
    }

    async fn try_again(&mut self, caller: &Caller) -> Result<Saved, Error> {
        self.challenge.check().await?;
        let account = self.challenge.step.account.clone();
        let saved = account.send(&self.client).await?;
        match saved {
            // The id of the new challenge is lost with its caller: the user continues by this one.
            Saved::ChallengeIssued(issued) if caller.is_gone() => {
                self.challenge.take_over(issued.challenge).await;
                let (client, challenge) = (self.client.clone(), self.challenge.clone());
                Ok(Saved::ChallengeIssued(Self { client, challenge }))
            }
            saved => {
                self.challenge.finish().await;
                Ok(saved)
            }
        }
    }

    async fn try_login(&mut self, caller: &Caller, login: Login) -> Result<Session, Error> {
        let (client, code) = (&self.client, login.to_secret()?);
        let send = async |_: &mut Verification| client.exchange(login).await;
        let resume = async |id: &Secret| client.resume_session(id).await;
        let tried = self.challenge.try_sign_in_code(
            caller,
            SoleRecipient,
            &code,
            "authenticate",
            resume,
            send,
        );
        match tried.await? {
            Tried::Response(session) => {
                self.challenge
                    .grant(caller, SoleRecipient, &code, &session, None)
                    .await;
                Ok(session)
            }
            Tried::Kept(session) => Ok(session),
        }
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
        let stored = StoredChallenge::load(self.context(), id).await?;
        let active = stored.resume::<Verification>().await?;
        Ok(Challenge::resumed(self.clone(), active))
    }
}
