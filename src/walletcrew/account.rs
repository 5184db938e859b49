//! Creating and changing accounts, which may lead to a challenge.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api::types;
use super::client::Client;
use super::session::read_as;
use super::verification::{self, Challenge};
use crate::challenge::FirstMessage;
use crate::contact::Contact;
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::json::{AnyJson, JsonObject};
use crate::opaque_debug::opaque_debug;

/// Account data, prepared by [`Client::customer`].
#[must_use = "nothing is sent before `send`"]
pub struct Account {
    client: Client,
    submission: Result<Submission, Error>,
}

opaque_debug!("walletcrew": Account);

/// What is sent to save an account. A challenge keeps it, so that it can be sent again.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Submission {
    data: types::CustomerInput,
    flow: Option<String>,
    /// The destination of the customer, if the caller gave it.
    pub(super) to: Option<Box<Contact>>,
}

/// The result of saving account data.
#[derive(Debug)]
#[must_use = "the customer may have to complete a verification"]
// It lives only until it is matched.
#[allow(clippy::large_enum_variant)]
pub enum Saved<T = types::Customer> {
    /// The account is stored. This is the account as the server returned it: validated, completed
    /// and enriched.
    Done(T),
    /// The account is stored, and the customer has to complete a further verification: by a code, or
    /// by opening a link.
    ChallengeIssued(Challenge),
}

impl Client {
    /// Starts to create or change the account of a customer; nothing is sent before
    /// [`Account::send`]. `data` is a type of the caller that serialises as a JSON object and holds
    /// the identifier by which the tenant knows its customers.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # let code = || mock.outbox().last_code("ada@example.com").unwrap();
    /// # let client = vestibule::walletcrew::Client::builder(mock.base_url()).tenant("demo-tenant").build()?;
    /// use serde::{Deserialize, Serialize};
    /// use vestibule::walletcrew::Saved;
    ///
    /// #[derive(Serialize, Deserialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Ada {
    ///     email: String,
    ///     first_name: String,
    /// }
    ///
    /// let ada = Ada { email: "ada@example.com".into(), first_name: "Ada".into() };
    /// match client.customer(&ada).send_as::<Ada>().await? {
    ///     Saved::Done(stored) => assert_eq!(stored.first_name, "Ada"),
    ///     Saved::ChallengeIssued(challenge) => println!("a challenge: {}", challenge.expires_at()),
    /// }
    /// # assert_eq!(mock.count("create_or_update_customer"), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn customer(&self, data: &impl Serialize) -> Account {
        let submission = JsonObject::of(data).map(|data| Submission {
            data: types::CustomerInput(data),
            flow: None,
            to: None,
        });
        Account {
            client: self.clone(),
            submission: submission.ok_or_else(|| {
                Error::invalid("data", "must serialise as a JSON object").of(System::WalletCrew)
            }),
        }
    }
}

impl Account {
    /// Sets the flow that the server runs after it has stored the data, such as `preregistration`
    /// or `activation`. **A flow may send the customer a message.** Without a flow the server only
    /// validates and completes the data.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # let code = || mock.outbox().last_code("ada@example.com").unwrap();
    /// # let client = vestibule::walletcrew::Client::builder(mock.base_url()).tenant("demo-tenant").build()?;
    /// use serde_json::json;
    /// use vestibule::walletcrew::Saved;
    ///
    /// let account = client.customer(&json!({"email": "ada@example.com"}));
    /// let session = match account.flow("activation").send().await? {
    ///     Saved::ChallengeIssued(challenge) => {
    ///         // Ask the customer for the code.
    ///         let login = json!({"identifier": "ada@example.com", "code": code()});
    ///         Some(challenge.confirm("otp", &login).await?)
    ///     }
    ///     Saved::Done(_) => None,
    /// };
    /// assert!(session.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn flow(mut self, name: impl Into<String>) -> Self {
        if let Ok(submission) = &mut self.submission {
            submission.flow = Some(name.into());
        }
        self
    }

    /// Sets the destination of messages to the customer, which a challenge remembers.
    pub(super) fn to(mut self, destination: &Contact) -> Self {
        if let Ok(submission) = &mut self.submission {
            submission.to = Some(Box::new(destination.clone()));
        }
        self
    }

    /// Sends the data and returns the stored account with all its members.
    ///
    /// Not idempotent, because a flow would run twice: retried only if the server certainly did not
    /// process it.
    ///
    /// Source: `POST /api/{tenantId}/customer`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `data` if it does not
    /// serialise as an object; [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the server
    /// rejects it, with the wrong fields in the [`ApiError`](super::ApiError);
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) before anything is sent if a flow is set
    /// and the store fails; otherwise see [`Error`].
    pub async fn send(self) -> Result<Saved, Error> {
        self.submission?.send(&self.client).await
    }

    /// Like [`send`](Self::send), but deserialises the account into `T`.
    ///
    /// # Errors
    ///
    /// As there, and [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the account does
    /// not fit `T`; it is stored in any case.
    pub async fn send_as<T: DeserializeOwned>(self) -> Result<Saved<T>, Error> {
        self.send().await?.read_as()
    }
}

impl Saved {
    /// Deserialises the account into a type of the caller.
    pub(super) fn read_as<T: DeserializeOwned>(self) -> Result<Saved<T>, Error> {
        Ok(match self {
            Self::Done(customer) => Saved::Done(read_as(customer, "create_or_update_customer")?),
            Self::ChallengeIssued(challenge) => Saved::ChallengeIssued(challenge),
        })
    }
}

impl Submission {
    /// Saves the account, and creates the challenge that the response requires.
    pub(super) async fn send(self, client: &Client) -> Result<Saved, Error> {
        // A flow may send a message, whose challenge then has to be stored.
        let first_message = FirstMessage::without_destination(client.context())?;
        if self.flow.is_some() {
            first_message.check_store().await?;
        }
        let api = client.api();
        let call = api.create_or_update_customer().body(self.data.clone());
        let response = call.flow(self.flow.clone()).send().await?;
        let status = response.status();
        let AnyJson(body) = response.into_inner().0;
        if status == StatusCode::ACCEPTED || client.is_challenge(&body) {
            let challenge = verification::issued(client.clone(), first_message, body, self);
            return Ok(Saved::ChallengeIssued(challenge.await));
        }
        match body {
            Value::Object(members) => Ok(Saved::Done(types::Customer(members.into()))),
            _ => {
                let message = "the stored account is not an object";
                let error = Error::new(ErrorKind::InvalidResponse, message);
                Err(error
                    .with_status(status)
                    .with_delivery(Delivery::Responded)
                    .at(System::WalletCrew, "create_or_update_customer"))
            }
        }
    }
}
