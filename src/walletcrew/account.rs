//! Creating and changing accounts, which may lead to a challenge.

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::api::types;
use super::client::Client;
use super::session::read_as;
use super::verification::{self, Challenge};
use crate::challenge::FirstMessage;
use crate::contact::Contact;
use crate::error::{Error, System};
use crate::json::JsonObject;
use crate::opaque_debug::opaque_debug;

/// Account data, prepared by [`Client::customer`].
#[must_use = "nothing is sent before `send`"]
pub struct Account {
    client: Client,
    data: Result<types::CustomerInput, Error>,
    flow: Option<String>,
    to: Option<Contact>,
}

opaque_debug!("walletcrew": Account);

/// The result of saving account data.
#[derive(Debug)]
#[must_use = "the customer may have to complete a verification"]
// It lives only until it is matched.
#[allow(clippy::large_enum_variant)]
pub enum Saved<T = types::Customer> {
    /// The account is stored. This is the account as the server returned it: validated, completed
    /// and enriched.
    Done(T),
    /// The account is stored, and the customer has to complete a further verification.
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
        let data = JsonObject::of(data).map(types::CustomerInput);
        Account {
            client: self.clone(),
            data: data.ok_or_else(|| {
                Error::invalid("data", "must serialise as a JSON object").of(System::WalletCrew)
            }),
            flow: None,
            to: None,
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
        self.flow = Some(name.into());
        self
    }

    /// Sets the destination of messages to the customer, which a challenge remembers.
    pub(super) fn to(mut self, destination: &Contact) -> Self {
        self.to = Some(destination.clone());
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
        let data = self.data?;
        // A flow may send a message, whose challenge then has to be stored.
        let first_message = FirstMessage::without_destination(&self.client.context)?;
        if self.flow.is_some() {
            first_message.check_store().await?;
        }
        let api = self.client.api();
        let mut call = api.create_or_update_customer().body(data);
        if let Some(flow) = self.flow {
            call = call.flow(flow);
        }
        let response = call.send().await?;
        if response.status() != StatusCode::ACCEPTED {
            return Ok(Saved::Done(response.into_inner()));
        }
        let customer = response.into_inner();
        let challenge = verification::issued(self.client, first_message, customer, self.to).await;
        Ok(Saved::ChallengeIssued(challenge))
    }

    /// Like [`send`](Self::send), but deserialises the account into `T`.
    ///
    /// # Errors
    ///
    /// As there, and [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the account does
    /// not fit `T`; it is stored in any case.
    pub async fn send_as<T: DeserializeOwned>(self) -> Result<Saved<T>, Error> {
        Ok(match self.send().await? {
            Saved::Done(customer) => Saved::Done(read_as(customer, "create_or_update_customer")?),
            Saved::ChallengeIssued(challenge) => Saved::ChallengeIssued(challenge),
        })
    }
}
