//! A signed-in user of GoodCity.

use super::api::{Api, enums, types};
use super::client::Client;
use super::pin_sign_in::PendingPin;
use crate::error::{Error, System};
use crate::pipeline::CallOptions;
use crate::secret::Secret;
use crate::session::{Session as Shared, token_session_methods};

/// A signed-in user. Cheap to clone; all clones share one token.
///
/// The token lives as long as the server has set, and nothing prolongs it. Once it has expired,
/// or the server does not accept it any more, every call fails with
/// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) without touching the network:
/// [`send_pin`](Self::send_pin) then signs the same user in again.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Shared,
    client: Client,
}

impl Session {
    token_session_methods!(client);

    /// The number that the user has signed in with. A session of tokens that were got elsewhere
    /// knows none.
    pub fn mobile(&self) -> Option<&str> {
        self.shared.login_hint()
    }

    /// Asks for a pin for the user of this session, to sign in again: with the number of the last
    /// time, also after the session has ended. **Sends a message**; otherwise as
    /// [`Client::send_pin`].
    ///
    /// The right pin leads to a new session. This one, if it has not ended, goes on beside it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::goodcity::Client;
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # mock.add_user("+85261234567", "Ada", "Wong");
    /// # let code = || mock.outbox().last_code("+85261234567").unwrap_or_default();
    /// # let clock = mock.clock().clone();
    /// # let client = Client::builder(mock.base_url(), "app").clock(clock).build()?;
    /// # let session = client.send_pin("+85261234567").await?.confirm(code()).await?.session;
    /// # mock.clock().advance(std::time::Duration::from_secs(400 * 24 * 3600));
    /// use vestibule::ErrorKind;
    ///
    /// if let Err(error) = session.profile().await
    ///     && error.kind() == ErrorKind::SignInAgain
    /// {
    ///     let pending = session.send_pin().await?;
    ///     println!("a pin went to {}", pending.mobile());
    ///     let session = pending.confirm(code()).await?.session;
    ///     session.profile().await?;
    /// }
    /// # assert!(session.shared().ended().is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/v1/auth/send_pin`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a session that knows no
    /// number; else as [`Client::send_pin`].
    pub async fn send_pin(&self) -> Result<PendingPin, Error> {
        let mobile = self.mobile().ok_or_else(|| {
            let right = "must be given to `Client::send_pin`: this session came from tokens";
            Error::invalid("mobile", right).of(System::GoodCity)
        })?;
        self.client.send_pin(mobile).await
    }

    /// The described calls, with this session.
    pub fn api(&self) -> Api {
        self.api_with(CallOptions::default())
    }

    /// The described calls, with this session and options.
    pub fn api_with(&self, options: CallOptions) -> Api {
        Api::new(self.shared.call_context(options))
    }

    /// The profile of the user, with its address and other records beside it. The mobile number
    /// in it has no country code. Safe to repeat.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url(), "app").clock(mock.clock().clone()).build()?;
    /// # mock.add_user("+85261234567", "Ada", "Wong");
    /// # let session = client.send_pin("+85261234567").await?.confirm(pin()).await?.session;
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
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) with status 403 for a user who was
    /// disabled or deleted; else as any call, see [`Error`].
    pub async fn profile(&self) -> Result<types::Profile, Error> {
        let api = self.api();
        Ok(api.current_user_profile().send().await?.into_inner())
    }

    /// Registers the user's device for push messages. `handle` is what the push service of the
    /// platform gave to the device; `platform` is `fcm` or `aps` today, `gcm` or `wns` on older
    /// servers. Not repeated unless the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url(), "app").clock(mock.clock().clone()).build()?;
    /// # mock.add_user("+85261234567", "Ada", "Wong");
    /// # let session = client.send_pin("+85261234567").await?.confirm(pin()).await?.session;
    /// session.register_device("what the push service gave", "fcm").await?;
    /// # assert_eq!(mock.count("register_device"), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/v1/auth/register_device`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an empty handle or
    /// platform, [`ErrorKind::Refused`](crate::ErrorKind::Refused) with status 400 for a platform
    /// that the server does not know; else as any call, see [`Error`].
    pub async fn register_device(
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

    /// Ends the session here and removes it from the store. GoodCity cannot revoke a token:
    /// whoever has a copy can use it until it expires.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url(), "app").clock(mock.clock().clone()).build()?;
    /// # mock.add_user("+85261234567", "Ada", "Wong");
    /// # let session = client.send_pin("+85261234567").await?.confirm(pin()).await?.session;
    /// use vestibule::ErrorKind;
    ///
    /// let id = session.id().clone();
    /// session.sign_out().await?;
    /// let error = client.session(&id).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::SignInAgain);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails; nothing is sent
    /// with the session any more all the same.
    pub async fn sign_out(self) -> Result<(), Error> {
        self.shared.close("the user signed out").await
    }
}
