//! Creating and changing accounts, and the challenge that may come of it.

use std::fmt;

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::api::types;
use super::client::Client;
use super::verification::{self, Challenge};
use crate::challenge::FirstMessage;
use crate::code_sign_in::Destination;
use crate::error::{Error, ErrorKind, System};
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

/// What became of account data.
#[derive(Debug)]
#[must_use = "a customer with an open challenge is not verified"]
pub enum Saved<T = types::Customer> {
    /// It is stored. This is the account as the server has it now: checked, filled and enriched.
    Done(T),
    /// It is stored, and the customer has to pass a further verification.
    ChallengeIssued(Challenge),
}

impl Account {
    pub(super) fn new(client: Client, data: &impl Serialize) -> Self {
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
    /// `activation`. It may send the customer a message. Without it the data is checked and filled
    /// only.
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

    /// Where the customer is reached, which a challenge remembers.
    pub(super) fn to(mut self, destination: &Destination) -> Self {
        self.to = Some(destination.clone());
        self
    }

    /// Sends the data; the account comes back as an object of whatever members it has.
    ///
    /// Not repeated unless the server certainly did not process it: a flow would run twice.
    ///
    /// Source: `POST /api/{tenantId}/customer`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for data that is not an object, [`ErrorKind::Refused`] for data
    /// that the server does not accept, with its fields in the [`ApiError`](super::ApiError),
    /// [`ErrorKind::TryLater`] without sending anything if there is a flow and the session store
    /// fails; else as any call, see [`Error`].
    pub async fn save(self) -> Result<Saved, Error> {
        let data = self.data?;
        // A flow may send a message, whose challenge must have a place to be kept in.
        let opening = FirstMessage::without_destination(&self.client.context)?;
        if self.flow.is_some() {
            opening.check_store().await?;
        }
        let api = self.client.api();
        let mut call = api.create_or_update_customer().body(data);
        if let Some(flow) = self.flow {
            call = call.flow(flow);
        }
        let answer = call.send().await?;
        let challenged = answer.status() == StatusCode::ACCEPTED;
        let customer = answer.into_inner();
        if !challenged {
            return Ok(Saved::Done(customer));
        }
        let challenge = verification::issued(self.client, opening, customer, self.to).await;
        Ok(Saved::ChallengeIssued(challenge))
    }

    /// As [`save`](Self::save), but the account comes back as the caller's own type.
    ///
    /// # Errors
    ///
    /// As there, and [`ErrorKind::Undecodable`] if the account does not fit the type; it is stored
    /// all the same.
    pub async fn save_as<T: DeserializeOwned>(self) -> Result<Saved<T>, Error> {
        Ok(match self.save().await? {
            Saved::Done(customer) => Saved::Done(read_as(customer, "create_or_update_customer")?),
            Saved::ChallengeIssued(challenge) => Saved::ChallengeIssued(challenge),
        })
    }
}

/// Reads an account as the caller's own type. Why it does not fit is not told: that would quote
/// the account.
pub(super) fn read_as<T: DeserializeOwned>(
    customer: types::Customer,
    operation: &'static str,
) -> Result<T, Error> {
    serde_json::from_value(Value::Object(customer.0.0)).map_err(|_| {
        let message = "the account does not fit the type that was asked for";
        Error::new(ErrorKind::Undecodable, message)
            .with_status(StatusCode::OK)
            .at(System::WalletCrew, operation)
    })
}
