//! Signing up a new user.

use super::api::types;
use super::client::Client;
use super::pin_sign_in::{PendingCode, pin_error};
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::phone::Phone;

/// A sign-up that was not sent yet.
#[derive(Clone)]
#[must_use = "no pin is requested before `send`"]
pub struct SignUp {
    client: Client,
    phone: Phone,
    first_name: Option<String>,
    last_name: Option<String>,
    district_id: Option<String>,
    address_type: Option<String>,
}

opaque_debug!("goodcity": SignUp);

impl Client {
    /// Starts the sign-up of a new user with a Hong Kong mobile number, which is all that it needs;
    /// nothing is sent before [`SignUp::send`].
    ///
    /// If the number already has an account, the server ignores the names and the address and sends
    /// the pin to the existing user. The response does not tell which happened.
    ///
    /// The language of the client ([`ClientBuilder::language`](super::ClientBuilder::language) or
    /// [`CallOptions::language`](crate::CallOptions::language)) becomes the language of the user, also
    /// of an existing one, and English if none is set.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url()).app_name("app").clock(mock.clock().clone()).build()?;
    /// use vestibule::Phone;
    ///
    /// let phone = Phone::parse("+852 6123 4567")?;
    /// let sign_up = client.sign_up(&phone).first_name("Ada").last_name("Wong").district_id("1");
    /// let pending = sign_up.send().await?;
    /// let id = pending.id().clone();
    /// // Later, at any instance that shares the store:
    /// let signed_in = client.resume_challenge(&id).await?.confirm(pin()).await?;
    /// # assert!(signed_in.session.profile().await?.user_profile.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_up(&self, phone: &Phone) -> SignUp {
        SignUp {
            client: self.clone(),
            phone: phone.clone(),
            first_name: None,
            last_name: None,
            district_id: None,
            address_type: None,
        }
    }
}

impl SignUp {
    /// The first name of the user.
    pub fn first_name(mut self, name: impl Into<String>) -> Self {
        self.first_name = Some(name.into());
        self
    }

    /// The last name of the user.
    pub fn last_name(mut self, name: impl Into<String>) -> Self {
        self.last_name = Some(name.into());
        self
    }

    /// The id of the user's district in Hong Kong: a number, which is sent as text. For a new user
    /// the server refuses an id that it does not know, with status 409.
    pub fn district_id(mut self, id: impl Into<String>) -> Self {
        self.district_id = Some(id.into());
        self
    }

    /// The type of the address; `Profile` and `Collection` are known.
    pub fn address_type(mut self, kind: impl Into<String>) -> Self {
        self.address_type = Some(kind.into());
        self
    }

    /// Creates the user and requests a pin.
    ///
    /// For a number that has an account, the server drops everything but the number and sends a
    /// pin to the existing user: a successful sign-up does not mean that these names are stored.
    /// Not retried unless the server certainly did not process it; a second call creates no
    /// second user, but invalidates the first pin.
    ///
    /// The server does not check the app of the client here: as an app that the user may not use, the
    /// pin arrives and is then refused; see [`ClientBuilder::app_name`](super::ClientBuilder::app_name).
    ///
    /// Source: `POST /api/v1/auth/signup`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `first_name`, `last_name`,
    /// `district_id` or `address_type` if it is blank, or `phone` for a number that violates the
    /// client's [`MobileRule`](super::MobileRule),
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) within 60 seconds after the last pin for
    /// the number, [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the session store fails:
    /// nothing is sent in these cases. [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) with status
    /// 409 and the code `ForeignKeyMismatchError` for an unknown district; with status 422 also for a
    /// number that two sign-ups at the same time have given two accounts:
    /// [`Client::sign_in_with_pin`] still works then. Otherwise as any call, see [`Error`].
    pub async fn send(self) -> Result<PendingCode, Error> {
        let address = types::AddressAttributes::builder()
            .district_id(not_blank("district_id", self.district_id)?)
            .address_type(not_blank("address_type", self.address_type)?);
        let user = types::UserAuth::builder()
            .mobile(self.phone.to_e164())
            .first_name(not_blank("first_name", self.first_name)?)
            .last_name(not_blank("last_name", self.last_name)?)
            .address_attributes(address);
        let body = types::SignupRequest::builder().user_auth(user);
        let api = self.client.api();
        let request = async {
            let sent = api.signup().body(body).send().await;
            Ok(sent.map_err(pin_error)?.into_inner())
        };
        PendingCode::send(&self.client, &self.phone, request).await
    }
}

/// The server stores a blank text as it is.
fn not_blank(field: &'static str, text: Option<String>) -> Result<Option<String>, Error> {
    match text {
        Some(text) if text.trim().is_empty() => {
            let right = "must not be blank: leave it out";
            Err(Error::invalid(field, right).of(System::GoodCity))
        }
        text => Ok(text),
    }
}
