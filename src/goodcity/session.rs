//! A signed-in user of GoodCity.

use std::sync::Arc;

use super::api::{Api, enums, types};
use super::client::Parts;
use super::language;
use crate::error::{Error, System};
use crate::phone::Phone;
use crate::secret::Secret;
use crate::session::{EndReason, Session as Shared, impl_sign_out, token_session_methods};

/// A signed-in user. Cheap to clone: all clones share one token.
///
/// The server sets the lifetime of the token, which cannot be refreshed. Once it has expired or the
/// server has rejected it, every call fails with
/// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) without sending anything;
/// [`sign_in_with_pin`](Self::sign_in_with_pin) then signs the same user in again.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Shared,
    parts: Arc<Parts>,
}

impl_sign_out!();

impl Session {
    token_session_methods!(parts);

    /// The phone number that the user signed in with; `None` for a session that was created from
    /// tokens.
    pub fn phone(&self) -> Option<Phone> {
        Phone::parse(&self.shared.login_hint()?).ok()
    }

    /// The documented operations, with this session.
    pub fn api(&self) -> Api {
        Api::new(self.shared.calls())
    }

    /// The language of the user's messages, such as `en` or `zh-tw`, as the last profile named it;
    /// `None` if none did, as in a session that was created from tokens.
    ///
    /// All calls of the session send it as `Accept-Language` unless
    /// [`ClientBuilder::language`](super::ClientBuilder::language) or
    /// [`CallOptions::language`](crate::CallOptions::language) sets another, because the server
    /// [takes it](Self::profile) from them. It is stored with the session. A language that the user
    /// chooses in another app is noticed at the next sign-in: until then a read of the profile sets
    /// this one again.
    pub fn language(&self) -> Option<String> {
        self.shared.language()
    }

    /// Reads the profile of the user, with the address and other records. The mobile number in it
    /// has no country code. Idempotent; sends no message.
    ///
    /// **The server stores the language of this request as the language of the user**, in which it
    /// then sends SMS: the one of [`language`](Self::language), or another that the client or the
    /// options set. If the language is not known, none is sent, and the server takes English: set it
    /// for sessions that were created from tokens.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url()).app_name("app").clock(mock.clock().clone()).build()?;
    /// # mock.add_user(vestibule::testing::GoodCityUser::new(vestibule::Phone::parse("+85261234567")?).first_name("Ada").last_name("Wong"));
    /// # let session = client.sign_in_with_pin(&"+85261234567".parse()?).await?.confirm(pin()).await?.session;
    /// let profile = session.profile().await?;
    /// let first_name = profile.user_profile.and_then(|user| user.first_name);
    /// assert_eq!(first_name.as_deref(), Some("Ada"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /api/v1/auth/current_user_profile`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) with status 403 if the user is disabled or
    /// deleted; otherwise see [`Error`].
    pub async fn profile(&self) -> Result<types::Profile, Error> {
        let api = self.api();
        let profile = api.current_user_profile().send().await?.into_inner();
        if let Some(language) = language::of(&profile) {
            self.shared.keep_language(language).await;
        }
        Ok(profile)
    }

    /// Registers the device of the user for push messages. `handle` is the device handle that the
    /// push service issued; `platform` is `fcm` or `aps`, on older servers `gcm` or `wns`. Not
    /// idempotent: retried only if the server certainly did not process it. Sends no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url()).app_name("app").clock(mock.clock().clone()).build()?;
    /// # mock.add_user(vestibule::testing::GoodCityUser::new(vestibule::Phone::parse("+85261234567")?).first_name("Ada").last_name("Wong"));
    /// # let session = client.sign_in_with_pin(&"+85261234567".parse()?).await?.confirm(pin()).await?.session;
    /// session.update_device("a device handle of the push service", "fcm").await?;
    /// # assert_eq!(mock.count("register_device"), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/v1/auth/register_device`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `handle` or `platform` if
    /// it is empty; [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) with status 400 if the server
    /// does not know the platform; otherwise see [`Error`].
    pub async fn update_device(
        &self,
        handle: impl Into<Secret>,
        platform: impl Into<enums::RegisterDeviceRequestPlatform>,
    ) -> Result<(), Error> {
        let (handle, platform) = (handle.into(), platform.into());
        for (field, empty) in [
            ("handle", handle.is_empty()),
            ("platform", platform.as_str().is_empty()),
        ] {
            if empty {
                return Err(Error::invalid(field, "must not be empty").of(System::GoodCity));
            }
        }
        let body = types::RegisterDeviceRequest::builder()
            .handle(handle)
            .platform(platform);
        self.api().register_device().body(body).send().await?;
        Ok(())
    }

    /// Ends the session locally and removes it from the store; sends nothing. GoodCity cannot
    /// revoke tokens: a copy of the token stays valid until it expires.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url()).app_name("app").clock(mock.clock().clone()).build()?;
    /// # mock.add_user(vestibule::testing::GoodCityUser::new(vestibule::Phone::parse("+85261234567")?).first_name("Ada").last_name("Wong"));
    /// # let session = client.sign_in_with_pin(&"+85261234567".parse()?).await?.confirm(pin()).await?.session;
    /// use vestibule::ErrorKind;
    ///
    /// let id = session.id().clone();
    /// session.sign_out().await?;
    /// let error = client.resume_session(&id).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails; the session has
    /// ended in any case.
    pub async fn sign_out(self) -> Result<(), Error> {
        self.shared.close(EndReason::SignedOut).await
    }
}
