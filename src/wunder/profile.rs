//! Changing the profile, and asking for its deletion.

use std::fmt;

use serde_json::Value;

use super::contact::{check_email, check_phone};
use super::session::Session;
use super::user_api::types;
use crate::error::{Error, System};
use crate::json::AnyJson;

/// A change of the profile that was not sent yet. What is not named stays as it is.
#[derive(Clone)]
#[must_use = "nothing is sent before `save`"]
pub struct ProfileChange {
    session: Session,
    patch: types::CustomerPatch,
    members: Vec<(String, Value)>,
}

impl fmt::Debug for ProfileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wunder::ProfileChange")
    }
}

impl Session {
    /// Starts a change of the profile.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.password_sign_in("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// let change = session.change_profile().phone("+43123456789").member("firstName", "Ada");
    /// let profile = change.save().await?;
    /// // A new number is to be verified.
    /// assert_eq!(profile.phone_is_verified, Some(false));
    /// let verification = session.verify_phone().await?;
    /// # assert_eq!(verification.phone(), "+43123456789");
    /// # Ok(())
    /// # }
    /// ```
    pub fn change_profile(&self) -> ProfileChange {
        ProfileChange {
            session: self.clone(),
            patch: types::CustomerPatch::default(),
            members: Vec::new(),
        }
    }

    /// Asks the operator to delete the account. It may live on for a while; when it ends, and whether
    /// the wish can be taken back, is not published. What comes back is handed over whole.
    ///
    /// Whether a message is sent is not published; repeated only if the server certainly did not
    /// process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.password_sign_in("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// session.request_deletion().await?;
    /// session.sign_out().await?;
    /// # assert!(mock.deletion_requested("ada@example.org"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/front/customers/request-deletion`.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn request_deletion(&self) -> Result<AnyJson, Error> {
        let api = self.user_api();
        Ok(api.request_deletion().send().await?.into_inner().0)
    }
}

impl ProfileChange {
    /// A new e-mail address, to be verified afterwards.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.patch.email = Some(email.into());
        self
    }

    /// A new phone number (E.164), to be verified afterwards.
    pub fn phone(mut self, phone: impl Into<String>) -> Self {
        self.patch.phone_number = Some(phone.into());
        self
    }

    /// Data of the integration's own, as any JSON.
    pub fn custom_properties(mut self, properties: impl Into<AnyJson>) -> Self {
        self.patch.custom_properties = Some(properties.into());
        self
    }

    /// A further member of the profile, by its name in JSON.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.push((name.into(), value.into()));
        self
    }

    /// Sends the change and gives the changed profile, which is read again where the server answers
    /// without one. Sends no message that is known of; repeated only if the server certainly did
    /// not process it.
    ///
    /// Source: `PATCH /{tenant}/front/customers`, and perhaps `GET /{tenant}/front/customers`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `email` or `phone`, a
    /// member that has a method of its own, or `change` if there is none;
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) if the address is taken (`U141`) or another
    /// user has the number (`U102`); else as any call, see [`Error`].
    pub async fn save(self) -> Result<types::Customer, Error> {
        let mut patch = self.patch;
        patch.email.as_deref().map_or(Ok(()), check_email)?;
        patch.phone_number.as_deref().map_or(Ok(()), check_phone)?;
        for (name, value) in self.members {
            if ["email", "phoneNumber", "customProperties"].contains(&name.as_str()) {
                return Err(Error::invalid(name, "has a method of its own").of(System::Wunder));
            }
            patch.extra.insert(name, value);
        }
        if patch == types::CustomerPatch::default() {
            return Err(Error::invalid("change", "must name a member").of(System::Wunder));
        }
        let api = self.session.user_api();
        let answer = api.update_customer().body(patch).send().await?;
        if *answer == types::Customer::default() {
            return self.session.profile().await;
        }
        Ok(answer.into_inner())
    }
}
