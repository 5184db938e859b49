//! Changes of the profile, and the request to delete the account.

use serde_json::Value;

use super::session::Session;
use super::user_api::types;
use crate::email::{Email, GivenEmail, IntoEmail};
use crate::error::{Error, System};
use crate::json::AnyJson;
use crate::opaque_debug::opaque_debug;
use crate::phone::Phone;

/// A change of the profile, prepared by [`Session::update_profile`]. Members that it does not set
/// stay as they are.
#[derive(Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct ProfileChange {
    session: Session,
    email: Option<GivenEmail>,
    patch: types::CustomerPatch,
    members: Vec<(String, Value)>,
}

opaque_debug!("wunder": ProfileChange);

impl Session {
    /// Starts a change of the profile. Nothing is sent before [`ProfileChange::send`].
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// use vestibule::Phone;
    ///
    /// let change = session.update_profile().phone(Phone::parse("+43 123456789")?).member("firstName", "Ada");
    /// let profile = change.send().await?;
    /// // A new number is to be verified.
    /// assert_eq!(profile.phone_is_verified, Some(false));
    /// let verification = session.verify_phone().await?;
    /// # assert_eq!(verification.phone().to_e164(), "+43123456789");
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_profile(&self) -> ProfileChange {
        ProfileChange {
            session: self.clone(),
            email: None,
            patch: types::CustomerPatch::default(),
            members: Vec::new(),
        }
    }

    /// Requests the deletion of the account. When the operator deletes it, and whether the request
    /// can be withdrawn, is not documented; neither is the response, which is returned unchanged.
    ///
    /// Not idempotent: retried only if the server certainly did not process it. Whether the server
    /// sends a message is not documented.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
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
    /// Sets a new e-mail address, which has to be verified afterwards.
    pub fn email(mut self, email: impl IntoEmail) -> Self {
        self.email = Some(email.into_email());
        self
    }

    /// Sets a new phone number, which has to be verified afterwards.
    pub fn phone(mut self, phone: impl Into<Phone>) -> Self {
        self.patch.phone_number = Some(phone.into().to_e164());
        self
    }

    /// Sets custom data of the integration, as any JSON value.
    pub fn custom_properties(mut self, properties: impl Into<AnyJson>) -> Self {
        self.patch.custom_properties = Some(properties.into());
        self
    }

    /// Sets any other member of the profile, by its name in JSON.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.push((name.into(), value.into()));
        self
    }

    /// Sends the change and returns the changed profile; if the response does not contain it, the
    /// profile is read again. Not idempotent: retried only if the server certainly did not process
    /// it. As far as documented, it sends no message.
    ///
    /// Source: `PATCH /{tenant}/front/customers`, if necessary followed by
    /// `GET /{tenant}/front/customers`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `email`, `phone`, a
    /// member that has its own method, or `change` if nothing is set;
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the address (`U141`) or the number
    /// (`U102`) belongs to another user; otherwise see [`Error`].
    pub async fn send(self) -> Result<types::Customer, Error> {
        let mut patch = self.patch;
        if let Some(email) = self.email {
            let email = Email::of(System::Wunder, email)?;
            patch.email = Some(email.as_str().to_owned());
        }
        for (name, value) in self.members {
            if ["email", "phoneNumber", "customProperties"].contains(&name.as_str()) {
                return Err(
                    Error::invalid(name, "must be set by its own method").of(System::Wunder)
                );
            }
            patch.extra.insert(name, value);
        }
        if patch == types::CustomerPatch::default() {
            return Err(Error::invalid("change", "must set a member").of(System::Wunder));
        }
        let api = self.session.user_api();
        let profile = api.update_customer().body(patch).send().await?;
        if *profile == types::Customer::default() {
            return self.session.profile().await;
        }
        Ok(profile.into_inner())
    }
}
