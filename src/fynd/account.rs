//! What a signed-in user can see and change of the account.

use super::api::types;
use super::contact::check_filled;
use super::redacted_debug::redacted_debug;
use super::session::Session;
use crate::error::{Error, ErrorKind, System};
use crate::json::JsonObject;
use crate::secret::Secret;

/// Changes of a profile; what is not set stays as it is. Contacts are changed by
/// [`Session::add_contact`] and its neighbours.
#[derive(Clone, Default)]
#[must_use = "nothing changes before `Session::change_profile`"]
pub struct ProfileChange {
    first_name: Option<String>,
    last_name: Option<String>,
    gender: Option<String>,
    date_of_birth: Option<String>,
    picture: Option<String>,
}

redacted_debug!(ProfileChange);

impl ProfileChange {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The user's given name.
    pub fn first_name(mut self, name: impl Into<String>) -> Self {
        self.first_name = Some(name.into());
        self
    }

    /// The user's family name.
    pub fn last_name(mut self, name: impl Into<String>) -> Self {
        self.last_name = Some(name.into());
        self
    }

    /// The user's gender, in the sales channel's words: the values are not published.
    pub fn gender(mut self, gender: impl Into<String>) -> Self {
        self.gender = Some(gender.into());
        self
    }

    /// The user's date of birth, in the sales channel's format: it is not published.
    pub fn date_of_birth(mut self, date: impl Into<String>) -> Self {
        self.date_of_birth = Some(date.into());
        self
    }

    /// The address of the user's picture.
    pub fn picture(mut self, url: impl Into<String>) -> Self {
        self.picture = Some(url.into());
        self
    }
}

impl Session {
    /// Whether the user has a password. Sends no message; safe to repeat.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let signed_in = client.password_sign_in("asha@example.com", "the password").await?;
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
    /// [`ErrorKind::SignInAgain`] if the session has ended, [`ErrorKind::Undecodable`] if the answer
    /// does not say. Else as any call, see [`Error`].
    pub async fn has_password(&self) -> Result<bool, Error> {
        let answer = self.api().has_password().send().await?.into_inner();
        match answer.result {
            Some(result) => Ok(result != 0),
            None => Err(silent("has_password")),
        }
    }

    /// Changes the password. Sends no message. It is sent once, unless the server certainly did not
    /// process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let signed_in = client.password_sign_in("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// session.change_password("the password", "the new password").await?;
    /// # let signed_in = client.password_sign_in("asha@example.com", "the new password").await?;
    /// # assert!(signed_in.signed_in().is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/password`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for an empty `old_password` or `new_password`: nothing was sent.
    /// [`ErrorKind::Refused`]: the old one is wrong, or the server does not take the new one.
    /// [`ErrorKind::SignInAgain`] if the session has ended. Else as any call, see [`Error`].
    pub async fn change_password(
        &self,
        old: impl Into<Secret>,
        new: impl Into<Secret>,
    ) -> Result<(), Error> {
        let (old, new) = (old.into(), new.into());
        check_filled("old_password", old.expose())?;
        check_filled("new_password", new.expose())?;
        let body = types::UpdatePasswordRequestSchema::builder()
            .old_password(old)
            .new_password(new);
        self.api().update_password().body(body).send().await?;
        Ok(())
    }

    /// The ids of the user's sessions on the server, on all devices. Sends no message; safe to
    /// repeat.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let signed_in = client.password_sign_in("asha@example.com", "the password").await?;
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
    /// [`ErrorKind::SignInAgain`] if the session has ended. Else as any call, see [`Error`].
    pub async fn active_sessions(&self) -> Result<Vec<Secret>, Error> {
        let answer = self.api().get_list_of_active_sessions().send().await?;
        Ok(answer.into_inner().sessions.unwrap_or_default())
    }

    /// Changes the profile, and answers the user as it is then. Sends no message. It is sent once,
    /// unless the server certainly did not process it.
    ///
    /// Source: `POST /service/application/user/profile/v1.0/detail`.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let signed_in = client.password_sign_in("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// use vestibule::fynd::ProfileChange;
    ///
    /// let change = ProfileChange::new().first_name("Ashika").gender("female");
    /// let user = session.change_profile(change).await?;
    /// assert_eq!(user.first_name.as_deref(), Some("Ashika"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for an empty `first_name`: nothing was sent.
    /// [`ErrorKind::SignInAgain`] if the session has ended, [`ErrorKind::Undecodable`] if the answer
    /// names no user. Else as any call, see [`Error`].
    pub async fn change_profile(&self, change: ProfileChange) -> Result<types::UserSchema, Error> {
        if let Some(name) = &change.first_name {
            check_filled("first_name", name)?;
        }
        let body = types::EditProfileRequestSchema::builder()
            .first_name(change.first_name)
            .last_name(change.last_name)
            .gender(change.gender)
            .dob(change.date_of_birth)
            .profile_pic_url(change.picture);
        let api = self.api();
        let call = api.update_profile().platform(self.platform()).body(body);
        let answer = call.send().await?;
        answer
            .into_inner()
            .user
            .ok_or_else(|| silent("update_profile"))
    }

    /// The attributes that the seller keeps of the user, by slug. Sends no message; safe to repeat.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com").attribute("size", "M");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let signed_in = client.password_sign_in("asha@example.com", "the password").await?;
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
    /// [`ErrorKind::SignInAgain`] if the session has ended. Else as any call, see [`Error`].
    pub async fn attributes(&self) -> Result<JsonObject, Error> {
        let answer = self.api().get_user_attributes().send().await?;
        Ok(answer.into_inner().attributes.unwrap_or_default())
    }

    /// Sets attributes of the user, by slug, and answers those that the server names then. Sends no
    /// message. It is sent once, unless the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let signed_in = client.password_sign_in("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # mock.define_attribute("size", vestibule::testing::FyndAttribute::Text);
    /// use serde_json::{Map, json};
    ///
    /// let size = Map::from_iter([("size".to_owned(), json!("M"))]);
    /// let attributes = session.change_attributes(size).await?;
    /// assert_eq!(attributes["size"], "M");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `PATCH /service/application/user/profile/v1.0/user-attributes`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] for an attribute that the seller has not defined, or defined of
    /// another type. [`ErrorKind::SignInAgain`] if the session has ended. Else as any call, see
    /// [`Error`].
    pub async fn change_attributes(
        &self,
        attributes: impl Into<JsonObject>,
    ) -> Result<JsonObject, Error> {
        let body = types::UpdateUserAttributes::builder().attributes(attributes.into());
        let answer = self
            .api()
            .update_user_attributes()
            .body(body)
            .send()
            .await?;
        Ok(answer.into_inner().attributes.unwrap_or_default())
    }
}

fn silent(operation: &'static str) -> Error {
    Error::new(ErrorKind::Undecodable, "the answer does not say it").at(System::Fynd, operation)
}
