//! Creating and changing accounts, and the challenge that may result.

use std::fmt;

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::api::types;
use super::client::Client;
use super::customer::read_as;
use super::verification::{self, Challenge};
use crate::challenge::FirstMessage;
use crate::code_sign_in::Destination;
use crate::error::{Error, System};
use crate::json::JsonObject;

/// Account data that was not sent yet.
#[must_use = "nothing is sent before `save`"]
pub struct Account {
    client: Client,
    data: Result<types::CustomerInput, Error>,
    flow: Option<String>,
    to: Option<Destination>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("walletcrew::Account")
    }
}

/// The result of saving account data.
#[derive(Debug)]
#[must_use = "a customer with an open challenge is not verified"]
pub enum Saved<T = types::Customer> {
    /// The data is stored. This is the account as the server has it now: validated, completed and
    /// enriched.
    Done(T),
    /// The data is stored, and the customer has to pass a further verification.
    ChallengeIssued(Challenge),
}

impl Client {
    /// Starts to create or change the account of a customer. `data` is of the caller's type; it must
    /// serialise as an object, with the identifier that the tenant uses for customers.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # let code = || mock.outbox().last_code("ada@example.com").unwrap();
    /// # let client = vestibule::walletcrew::Client::builder(mock.base_url(), "demo-tenant").build()?;
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
    /// match client.customer(&ada).save_as::<Ada>().await? {
    ///     Saved::Done(stored) => assert_eq!(stored.first_name, "Ada"),
    ///     Saved::ChallengeIssued(challenge) => println!("a challenge: {}", challenge.expires_at()),
    /// }
    /// # assert_eq!(mock.count("create_or_update_customer"), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn customer(&self, data: &impl Serialize) -> Account {
        Account::new(self.clone(), data)
    }
}

impl Account {
    fn new(client: Client, data: &impl Serialize) -> Self {
        let data =
            match serde_json::to_value(data) {
                Ok(Value::Object(members)) => Ok(types::CustomerInput(JsonObject(members))),
                _ => Err(Error::invalid("data", "must serialise as a JSON object")
                    .of(System::WalletCrew)),
            };
        Self {
            client,
            data,
            flow: None,
            to: None,
        }
    }

    /// The flow that the server runs once the data is stored, such as `preregistration` or
    /// `activation`. It may send the customer a message. Without a flow the data is validated and
    /// completed only.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # let code = || mock.outbox().last_code("ada@example.com").unwrap();
    /// # let client = vestibule::walletcrew::Client::builder(mock.base_url(), "demo-tenant").build()?;
    /// use serde_json::json;
    /// use vestibule::walletcrew::Saved;
    ///
    /// let account = client.customer(&json!({"email": "ada@example.com"}));
    /// let session = match account.flow("activation").save().await? {
    ///     Saved::ChallengeIssued(challenge) => {
    ///         // Ask the customer for the code that came.
    ///         let login = json!({"identifier": "ada@example.com", "code": code()});
    ///         Some(challenge.authenticate("otp", &login).await?)
    ///     }
    ///     Saved::Done(_) => None,
    /// };
    /// assert!(session.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn flow(mut self, name: impl Into<String>) -> Self {
        self.flow = Some(name.into());
        self
    }

    /// The destination of the customer, which the challenge stores.
    pub(super) fn to(mut self, destination: &Destination) -> Self {
        self.to = Some(destination.clone());
        self
    }

    /// Sends the data, and returns the account as an object with any members.
    ///
    /// Not retried unless the server certainly did not process it: a flow would run twice.
    ///
    /// Source: `POST /api/{tenantId}/customer`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for data that is not an object, [`ErrorKind::Refused`] for data
    /// that the server does not accept, with its fields in the [`ApiError`](super::ApiError),
    /// [`ErrorKind::TryLater`] without sending anything if there is a flow and the session store
    /// fails; otherwise as any call, see [`Error`].
    pub async fn save(self) -> Result<Saved, Error> {
        let data = self.data?;
        // A flow may send a message, whose challenge must be stored.
        let first = FirstMessage::without_destination(&self.client.context)?;
        if self.flow.is_some() {
            first.check_store().await?;
        }
        let api = self.client.api();
        let mut call = api.create_or_update_customer().body(data);
        if let Some(flow) = self.flow {
            call = call.flow(flow);
        }
        let response = call.send().await?;
        let challenged = response.status() == StatusCode::ACCEPTED;
        let customer = response.into_inner();
        if !challenged {
            return Ok(Saved::Done(customer));
        }
        let challenge = verification::issued(self.client, first, customer, self.to).await;
        Ok(Saved::ChallengeIssued(challenge))
    }

    /// As [`save`](Self::save), but returns the account as the caller's type.
    ///
    /// # Errors
    ///
    /// As there, and [`ErrorKind::Undecodable`] if the account does not match the type; it is stored
    /// nevertheless.
    pub async fn save_as<T: DeserializeOwned>(self) -> Result<Saved<T>, Error> {
        Ok(match self.save().await? {
            Saved::Done(customer) => Saved::Done(read_as(customer, "create_or_update_customer")?),
            Saved::ChallengeIssued(challenge) => Saved::ChallengeIssued(challenge),
        })
    }
}
