//! Creating and changing accounts, and the challenge that may come of it.

use std::fmt;

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::api::types;
use super::client::Client;
use super::session::Session;
use super::sign_in;
use crate::challenge::Returned;
use crate::error::{Error, ErrorKind, System};
use crate::json::JsonObject;

/// Account data that was not sent yet.
#[must_use = "nothing is sent before `save`"]
pub struct Account {
    client: Client,
    data: Result<types::CustomerInput, Error>,
    flow: Option<String>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("walletcrew::Account")
    }
}

/// What became of account data.
#[derive(Clone, Debug)]
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
        }
    }

    /// The flow that the server runs once the data is stored, such as `preregistration` or
    /// `activation`. It may send the customer a message. Without it the data is checked and filled
    /// only.
    pub fn flow(mut self, name: impl Into<String>) -> Self {
        self.flow = Some(name.into());
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
    /// that the server does not accept, with its fields in the [`Refusal`](super::Refusal); else
    /// as any call, see [`Error`].
    pub async fn save(self) -> Result<Saved, Error> {
        let api = self.client.api();
        let mut call = api.create_or_update_customer().body(self.data?);
        if let Some(flow) = self.flow {
            call = call.flow(flow);
        }
        let answer = call.send().await?;
        let challenged = answer.status() == StatusCode::ACCEPTED;
        let customer = answer.into_inner();
        Ok(if challenged {
            Saved::ChallengeIssued(Challenge {
                client: self.client,
                details: customer,
            })
        } else {
            Saved::Done(customer)
        })
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

/// The account is stored, and the customer has to pass a further verification.
#[derive(Clone)]
pub struct Challenge {
    client: Client,
    details: types::Customer,
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("walletcrew::Challenge")
    }
}

impl Challenge {
    /// What the server said with the challenge; its members depend on the tenant.
    pub fn details(&self) -> &types::Customer {
        &self.details
    }

    /// Answers the challenge and signs the customer in; otherwise as [`Client::authenticate`].
    ///
    /// Source: `POST /api/{tenantId}/customer/authenticate`.
    ///
    /// # Errors
    ///
    /// As there; the challenge comes back with the error, for another try.
    pub async fn authenticate(
        self,
        provider: impl Into<String>,
        data: &impl Serialize,
    ) -> Result<Session, Returned<Self>> {
        let data = sign_in::login_data(data);
        match sign_in::authenticate(&self.client, provider.into(), data).await {
            Ok(session) => Ok(session),
            Err(error) => Err(Returned::new(self, error)),
        }
    }
}
