//! The account of a signed-in user: password, profile, attributes, sessions.

use super::api::types;
use super::api_error::invalid_response;
use super::complete_profile::{ProfileMessages, profile_message_setters};
use super::contact::{check_filled, country_code, national_number};
use super::session::Session;
use super::sign_in::PendingCodes;
use super::unconfirmed_codes::{CodePermits, SentCodes, UnconfirmedCodes};
use crate::challenge::{FirstMessage, StoredChallenge, not_owner};
use crate::contact::Contact;
use crate::email::{Email, GivenEmail, IntoEmail};
use crate::error::{Error, System};
use crate::json::JsonObject;
use crate::opaque_debug::opaque_debug;
use crate::password::{CurrentPassword, NewPassword};
use crate::phone::Phone;
use crate::secret::Secret;

const UPDATE_PROFILE: &str = "update_profile";

/// A change of a profile, prepared by [`Session::update_profile`]. Members that it does not set stay
/// as they are. A contact that is set here may need a code; [`Session::add_contact`] and similar
/// methods change contacts without one.
#[derive(Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct ProfileChange {
    session: Session,
    first_name: Option<String>,
    last_name: Option<String>,
    gender: Option<String>,
    date_of_birth: Option<String>,
    picture: Option<String>,
    mobile: Option<Phone>,
    email: Option<GivenEmail>,
    register_token: Option<Secret>,
    messages: ProfileMessages,
}

opaque_debug!("fynd": ProfileChange);

/// The result of a change of a profile.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProfileUpdate {
    /// The changed user, if the response has one.
    pub user: Option<types::UserSchema>,
    /// The codes that were sent to new contacts, until the user confirms them.
    pub codes: Option<PendingCodes>,
    /// Whether the server reports that it sent a link to the e-mail address, to confirm it.
    pub email_link_was_sent: bool,
}

impl ProfileChange {
    profile_message_setters!();

    /// Sets the mobile phone of the user. The server may send a code to it.
    pub fn phone(mut self, phone: impl Into<Phone>) -> Self {
        self.mobile = Some(phone.into());
        self
    }

    /// Sets the e-mail address of the user. The server may send a code or a link to it.
    pub fn email(mut self, email: impl IntoEmail) -> Self {
        self.email = Some(email.into_email());
        self
    }

    /// The token of a registration that the change belongs to, from an earlier response of the server.
    pub fn register_token(mut self, token: impl Into<Secret>) -> Self {
        self.register_token = Some(token.into());
        self
    }

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

    /// Changes the profile, and returns the changed user and the codes that were sent to new contacts.
    /// Not idempotent: retried only if the server certainly did not process it. **Sends messages** to new
    /// contacts.
    ///
    /// Source: `POST /service/application/user/profile/v1.0/detail`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `first_name` if it is
    /// empty, or `email`; [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) while the timer of the
    /// last message to one of the contacts runs, and
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if there are contacts and the session store
    /// fails: nothing is sent in these cases.
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has
    /// ended; [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response has
    /// neither a user nor a code; otherwise see [`Error`].
    pub async fn send(self) -> Result<ProfileUpdate, Error> {
        if let Some(name) = &self.first_name {
            check_filled("first_name", name)?;
        }
        let email = self.email.clone();
        let email = email.map(|email| Email::of(System::Fynd, email));
        let email = email.transpose()?;
        let mobile = self.mobile.as_ref().map(Contact::from);
        let contacts = mobile.into_iter().chain(email.as_ref().map(Contact::from));
        let (session, client) = (&self.session, self.session.client());
        let first = FirstMessage::without_destination(client.context())?;
        let permits = CodePermits::claim(&client, first.requester(), contacts.collect()).await?;
        let api = session.api();
        let call = api.update_profile().platform(session.platform());
        let response = match call.body(self.body(email)).send().await {
            Ok(response) => response.into_inner(),
            Err(error) => return Err(permits.failed(error).await),
        };
        let user = response.user.clone();
        let email_link_was_sent = response.verify_email_link == Some(true);
        let sent = SentCodes::of_profile(response);
        let codes = permits
            .sent(&client, first.requester(), &sent, None)
            .await?;
        if user.is_none() && codes.is_empty() {
            return Err(invalid_response(UPDATE_PROFILE));
        }
        let codes = match codes.is_empty() {
            true => None,
            false => {
                let messages = self.messages.clone();
                Some(PendingCodes::begin(session, first, codes, messages).await)
            }
        };
        Ok(ProfileUpdate {
            user,
            codes,
            email_link_was_sent,
        })
    }

    fn body(&self, email: Option<Email>) -> types::builder::EditProfileRequestSchema {
        let mobile = self.mobile.as_ref();
        let mobile = mobile.map(|phone| types::EditProfileMobileSchema {
            country_code: Some(country_code(phone)),
            phone: Some(national_number(phone)),
        });
        types::EditProfileRequestSchema::builder()
            .first_name(self.first_name.clone())
            .last_name(self.last_name.clone())
            .gender(self.gender.clone())
            .dob(self.date_of_birth.clone())
            .profile_pic_url(self.picture.clone())
            .mobile(mobile)
            .email(email.map(|email| email.as_str().to_owned()))
            .register_token(self.register_token.clone())
            .sender(self.messages.sender.clone())
            .encrypt_otp(self.messages.encrypt_otp)
            .android_hash(self.messages.android_hash.clone())
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
    /// # let code = || mock.outbox().last_code("+919000000002").unwrap();
    /// use vestibule::Phone;
    ///
    /// let change = session.update_profile().first_name("Ashika").gender("female");
    /// let changed = change.phone(Phone::parse("+91 90000 00002")?).send().await?;
    /// assert_eq!(changed.user.unwrap().first_name.as_deref(), Some("Ashika"));
    /// if let Some(codes) = changed.codes {
    ///     // Keep `codes.id()`: `resume_codes` of this session resumes them by it.
    ///     codes.confirm_phone(code()).await?;
    /// }
    /// # assert!(session.contacts().await?.iter().all(|own| own.verified));
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
            mobile: None,
            email: None,
            register_token: None,
            messages: ProfileMessages::default(),
        }
    }

    /// Resumes the codes that were sent to new contacts of this user, by their id, on any instance that
    /// shares the store; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if this session has no such
    /// codes: they are confirmed, have expired or are another session's.
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) if it is another step.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails.
    pub async fn resume_codes(&self, id: &Secret) -> Result<PendingCodes, Error> {
        let found = StoredChallenge::load(self.context(), id).await?;
        let challenge = found.resume::<UnconfirmedCodes>().await?;
        if challenge.step.owner != Some(self.owner()) {
            return Err(not_owner().of(System::Fynd));
        }
        let (client, session) = (self.client(), Some(self.clone()));
        Ok(PendingCodes::resumed(client, session, challenge))
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

    /// Reads one attribute of the user, by its slug, as [`attributes`](Self::attributes) reads all.
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
    /// let attributes = session.attributes_of_slug("size").await?;
    /// assert_eq!(attributes["size"], "M");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/profile/v1.0/user-attributes`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `slug` if it is empty;
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the seller has not defined it; otherwise as
    /// [`attributes`](Self::attributes).
    pub async fn attributes_of_slug(&self, slug: &str) -> Result<JsonObject, Error> {
        check_filled("slug", slug)?;
        let api = self.api();
        let response = api.get_user_attributes().slug(slug.to_owned()).send();
        let attributes = response.await?.into_inner().attributes;
        Ok(attributes.unwrap_or_default())
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
