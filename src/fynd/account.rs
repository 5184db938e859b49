//! The account of a signed-in user: password, profile, attributes, sessions.

use super::api::types;
use super::api_error::invalid_response;
use super::contact::check_filled;
use super::session::Session;
use crate::error::Error;
use crate::json::JsonObject;
use crate::opaque_debug::opaque_debug;
use crate::password::{CurrentPassword, NewPassword};
use crate::secret::Secret;

/// A change of a profile, prepared by [`Session::update_profile`]. Members that it does not set stay
/// as they are; contacts are changed by [`Session::add_contact`] and similar methods.
#[derive(Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct ProfileChange {
    session: Session,
    first_name: Option<String>,
    last_name: Option<String>,
    gender: Option<String>,
    date_of_birth: Option<String>,
    picture: Option<String>,
}

opaque_debug!("fynd": ProfileChange);

impl ProfileChange {
    /// Sets the given name of the user.
    pub fn first_name(mut self, name: impl Into<String>) -> Self {
        self.first_name = Some(name.into());
        self
    }

    /// Sets the family name of the user.
    pub fn last_name(mut self, name: impl Into<String>) -> Self {
        self.last_name = Some(name.into());
        self
    }

    /// Sets the gender of the user. The values depend on the sales channel and are not documented.
    pub fn gender(mut self, gender: impl Into<String>) -> Self {
        self.gender = Some(gender.into());
        self
    }

    /// Sets the date of birth of the user. The format depends on the sales channel and is not
    /// documented.
    pub fn date_of_birth(mut self, date: impl Into<String>) -> Self {
        self.date_of_birth = Some(date.into());
        self
    }

    /// Sets the URL of the user's picture.
    pub fn picture(mut self, url: impl Into<String>) -> Self {
        self.picture = Some(url.into());
        self
    }

    /// Changes the profile and returns the changed user. Not idempotent: retried only if the server
    /// certainly did not process it. Sends no message.
    ///
    /// Source: `POST /service/application/user/profile/v1.0/detail`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `first_name` if it is
    /// empty; [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has
    /// ended; [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response has
    /// no user; otherwise see [`Error`].
    pub async fn send(self) -> Result<types::UserSchema, Error> {
        if let Some(name) = &self.first_name {
            check_filled("first_name", name)?;
        }
        let body = types::EditProfileRequestSchema::builder()
            .first_name(self.first_name)
            .last_name(self.last_name)
            .gender(self.gender)
            .dob(self.date_of_birth)
            .profile_pic_url(self.picture);
        let api = self.session.api();
        let call = api
            .update_profile()
            .platform(self.session.platform())
            .body(body);
        let user = call.send().await?.into_inner().user;
        user.ok_or_else(|| invalid_response("update_profile"))
    }
}

impl Session {
    /// Reads whether the user has a password. Idempotent; sends no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// assert!(session.has_password().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/authentication/v1.0/has-password`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has ended,
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response does not contain
    /// it; otherwise see [`Error`].
    pub async fn has_password(&self) -> Result<bool, Error> {
        let response = self.api().has_password().send().await?.into_inner();
        let result = response
            .result
            .ok_or_else(|| invalid_response("has_password"));
        Ok(result? != 0)
    }

    /// Changes the password of the user. Not idempotent: retried only if the server certainly did
    /// not process it. Sends no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// use vestibule::{CurrentPassword, NewPassword};
    ///
    /// let current = CurrentPassword::new("the password");
    /// session.update_password(current, NewPassword::new("the new password")).await?;
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the new password").await?;
    /// # assert!(signed_in.signed_in().is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/password`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `old_password` or
    /// `new_password` if it is empty; [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the old
    /// password is wrong or the server rejects the new one;
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has ended;
    /// otherwise see [`Error`].
    pub async fn update_password(
        &self,
        current: CurrentPassword,
        new: NewPassword,
    ) -> Result<(), Error> {
        let (old, new) = (current.into_secret(), new.into_secret());
        check_filled("old_password", old.expose())?;
        check_filled("new_password", new.expose())?;
        let body = types::UpdatePasswordRequestSchema::builder()
            .old_password(old)
            .new_password(new);
        self.api().update_password().body(body).send().await?;
        Ok(())
    }

    /// Reads the ids of the user's sessions at the server, on all devices. Idempotent; sends no
    /// message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// let ids = session.active_sessions().await?;
    /// println!("signed in on {} devices", ids.len());
    /// # assert_eq!(ids.len(), mock.sessions_of(&id));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/authentication/v1.0/sessions`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has ended;
    /// otherwise see [`Error`].
    pub async fn active_sessions(&self) -> Result<Vec<Secret>, Error> {
        let response = self.api().get_list_of_active_sessions().send().await?;
        Ok(response.into_inner().sessions.unwrap_or_default())
    }

    /// Starts a change of the profile. Nothing is sent before [`ProfileChange::send`].
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// let change = session.update_profile().first_name("Ashika").gender("female");
    /// let user = change.send().await?;
    /// assert_eq!(user.first_name.as_deref(), Some("Ashika"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_profile(&self) -> ProfileChange {
        ProfileChange {
            session: self.clone(),
            first_name: None,
            last_name: None,
            gender: None,
            date_of_birth: None,
            picture: None,
        }
    }

    /// Reads the attributes that the seller has stored for the user, by slug. Idempotent; sends no
    /// message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com").attribute("size", "M");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # mock.define_attribute("size", vestibule::testing::FyndAttribute::Text);
    /// let attributes = session.attributes().await?;
    /// assert_eq!(attributes["size"], "M");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/profile/v1.0/user-attributes`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has ended;
    /// otherwise see [`Error`].
    pub async fn attributes(&self) -> Result<JsonObject, Error> {
        let response = self.api().get_user_attributes().send().await?;
        Ok(response.into_inner().attributes.unwrap_or_default())
    }

    /// Sets attributes of the user, by slug, and returns the attributes in the response. Not
    /// idempotent: retried only if the server certainly did not process it. Sends no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # mock.define_attribute("size", vestibule::testing::FyndAttribute::Text);
    /// use serde_json::{Map, json};
    ///
    /// let size = Map::from_iter([("size".to_owned(), json!("M"))]);
    /// let attributes = session.update_attributes(size).await?;
    /// assert_eq!(attributes["size"], "M");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `PATCH /service/application/user/profile/v1.0/user-attributes`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the seller has not defined an
    /// attribute, or has defined it with another type;
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has ended;
    /// otherwise see [`Error`].
    pub async fn update_attributes(
        &self,
        attributes: impl Into<JsonObject>,
    ) -> Result<JsonObject, Error> {
        let body = types::UpdateUserAttributes::builder().attributes(attributes.into());
        let api = self.api();
        let response = api.update_user_attributes().body(body).send().await?;
        Ok(response.into_inner().attributes.unwrap_or_default())
    }
}
